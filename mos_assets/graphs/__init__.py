"""ONNX files as bytes: their wire format, and what both a released head and a network of a user
must be, known before a runtime sees them."""
