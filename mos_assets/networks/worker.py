"""The program that runs one network, in a process of its own; this file is run, never imported.

Started as `python -I worker.py ONNX SHA256`, it answers a JSON line on its output for the network
and then for every JSON line on its input: {"feeds": {input: .npy file}, "items": {input: items of
one call}, "calls": n, "outputs": {output: .npy file to write}}. An input with the items of one call
is fed to each of them again. An answer is {} or {"error": kind, "text": sentence}.
"""

import hashlib
import json
import sys
from typing import Any

import numpy as np
import onnxruntime

_NO_MEMORY = ("bad_alloc", "allocate memory", "Failed to allocate")
_QUIET = 4


def main(onnx: str, sha256: str) -> None:
    with open(onnx, "rb") as file:  # noqa: PTH123 - nothing that is not needed is loaded
        content = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        _say("changed", "its ONNX file changed since it was read")
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    # What one clip took is given back before the next.
    options.enable_cpu_mem_arena = False
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common public base class
        _say(*_blamed(error))
        return
    del content
    _say()
    for line in sys.stdin:
        try:
            _answer(session, json.loads(line))
        except Exception as error:
            _say(*_blamed(error))
        else:
            _say()


def _answer(session: onnxruntime.InferenceSession, asked: dict[str, Any]) -> None:
    feeds = {name: np.load(path, mmap_mode="r") for name, path in asked["feeds"].items()}
    names = list(asked["outputs"])
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for call in range(asked["calls"]):
        fed = {}
        for name, array in feeds.items():
            items = asked["items"][name]
            start = 0 if len(array) <= items else call * items
            fed[name] = np.ascontiguousarray(array[start : start + items])
        for name, value in zip(names, session.run(names, fed), strict=True):
            found[name].append(np.atleast_1d(np.asarray(value)).astype(np.float64))
    for name, path in asked["outputs"].items():
        np.save(path, np.concatenate(found[name]), allow_pickle=False)


def _blamed(error: Exception) -> tuple[str, str]:
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, MemoryError) or any(words in text for words in _NO_MEMORY):
        return "memory", text
    if isinstance(error, OSError):
        return "machine", text
    return "network", text


def _say(kind: str = "", text: str = "") -> None:
    print(json.dumps({"error": kind, "text": text} if kind else {}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
