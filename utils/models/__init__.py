"""Which weights a run begins with: loading, stock checkpoints in and out, a frozen encoder; and a checkpoint as an ONNX graph."""
