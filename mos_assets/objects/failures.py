"""What the errors of fsspec, s3fs and botocore mean to whoever has to mend them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mos_assets.errors import (
    AbsentError,
    ChangedError,
    LocationError,
    MosAssetsError,
    UnreachableError,
)

_PRECONDITION = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_DENIED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
    | {"AllAccessDisabled", "AccountProblem", "401", "403", "Forbidden", "AuthFailure"}
)
_IN_TROUBLE = frozenset(
    {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "OperationAborted"}
    | {"500", "502", "503", "504"}
)
_NO_KEYS = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})
_OTHER_OF_BOTOCORE = frozenset({"BotoCoreError"})
"""What is left of them is of settings: a profile that is not there, a file that cannot be read."""
_BAD_ENDPOINT = "Invalid endpoint: "
"""botocore says so in a plain ValueError."""
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the configuration of fsspec"
)


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """Turn what a server or the way to it does into a LocationError that names `url`.

    Raises AbsentError, ChangedError and UnreachableError where it is one of these. What is none of
    them is a defect, and passes.
    """
    try:
        yield
    except MosAssetsError:
        raise
    except Exception as error:
        told = _told(error, url)
        if told is None:
            raise
        # What botocore says may hold a signed request.
        raise told from None


def _told(error: Exception, url: str) -> LocationError | None:
    code, said = _code(error)
    if code == "NoSuchBucket":
        return LocationError(
            f"{url}: there is no such bucket. Create it, correct the URL, or name the server in "
            "AWS_ENDPOINT_URL."
        )
    if code in _PRECONDITION:
        return ChangedError(f"{url} is not as it was: another one was put there meanwhile")
    if code in _ABSENT or (isinstance(error, FileNotFoundError) and not code):
        return AbsentError(f"{url} is not there")
    if code in _DENIED or isinstance(error, PermissionError):
        return LocationError(
            f"{url}: the server refuses ({said or code}). Give these credentials the right to "
            f"list, read, write and delete there; they are taken from {_CREDENTIALS}."
        )
    if _named(error, _NO_KEYS):
        return LocationError(f"{url} needs credentials: set {_CREDENTIALS}.")
    if code in _IN_TROUBLE or _is_of_the_network(error):
        why = said if code else _first_line(error)
        return UnreachableError(
            f"{url} cannot be reached ({why}). Look at the network and at AWS_ENDPOINT_URL, and "
            "run again."
        )
    if _named(error, _OTHER_OF_BOTOCORE) or str(error).startswith(_BAD_ENDPOINT):
        return LocationError(
            f"{url} cannot be asked for ({_first_line(error).rstrip('.')}). Correct "
            "AWS_ENDPOINT_URL (http://host:port), AWS_PROFILE or the configuration that says so."
        )
    return LocationError(f"{url}: the server says {code}: {said}.") if code else None


def _code(error: BaseException) -> tuple[str, str]:
    """Code and message of the server's answer; empty where it gave none."""
    for one in _chain(error):
        answer = getattr(one, "response", None)
        if isinstance(answer, dict) and "Error" in answer:
            found = answer["Error"]
            return str(found.get("Code", "")), str(found.get("Message", "")).rstrip(".")
    return "", ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _named(error: BaseException, names: frozenset[str]) -> bool:
    return any(kind.__name__ in names for one in _chain(error) for kind in type(one).__mro__)


def _is_of_the_network(error: Exception) -> bool:
    kinds = frozenset({"HTTPClientError", "ConnectionError", "ClientError", "IncompleteReadError"})
    # OSError itself is not: a full disk here is no fault of the network.
    return isinstance(error, TimeoutError) or _named(error, kinds)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or "it gives no answer").partition("\n")[0]
