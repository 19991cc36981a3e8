"""Keycel's backend: the supervisor, its worker processes, engines and tools."""

import os

# Nothing leaves this machine. Some libraries report their use to their makers unless told not to, and read
# these when they are first imported: onnxruntime from 1.29 on, and Hugging Face's libraries.
for _refusal in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ[_refusal] = "1"
