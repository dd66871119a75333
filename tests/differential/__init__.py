"""Every public op and functional compared with PyTorch's on random arguments, valid and invalid.

A case is drawn from a seed and its number (`arguments`, `families`), run in both frameworks in a
child process (`running`, `child`), and compared (`comparing`); a difference that `meant` does not
list is shrunk (`shrinking`) and printed as a test.
"""
