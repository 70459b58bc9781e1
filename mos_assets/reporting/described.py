"""JSON Schemas whose properties are described by the docstrings below the fields.

Pydantic can do that itself (`use_attribute_docstrings`), but reads the source of every class at
import for it, a second of CPU in each run.
"""

from __future__ import annotations

import ast
import inspect
from textwrap import dedent

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema


class Described(GenerateJsonSchema):
    """For `model_json_schema(schema_generator=Described)`."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """As pydantic makes it, with a description of each field that has a docstring."""
        found = super().model_schema(schema)
        for name, words in field_docstrings(schema["cls"]).items():
            if name in found.get("properties", {}):
                found["properties"][name].setdefault("description", words)
        return found


def field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Field → the string that stands below it, of the class and of those that it comes from."""
    said: dict[str, str] = {}
    for origin in reversed(model.__mro__):
        # A generic class with its parameters filled in has no source; the class itself has.
        if issubclass(origin, BaseModel) and origin is not BaseModel and "[" not in origin.__name__:
            said |= _own_docstrings(origin)
    return said


def _own_docstrings(model: type[BaseModel]) -> dict[str, str]:
    (body,) = ast.parse(dedent(inspect.getsource(model))).body
    if not isinstance(body, ast.ClassDef):
        raise AssertionError(f"the source of {model.__name__} is that of a class")
    said: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                said[name] = inspect.cleandoc(words)
    return said
