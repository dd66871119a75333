"""Names inside PyTorch's data package that its programs import all the same."""
