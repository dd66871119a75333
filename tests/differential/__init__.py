"""Every public op and functional compared with PyTorch's on random arguments, valid and invalid.

A case is sampled from a seed and its number (`arguments`, `families`), run in both frameworks in a
child process (`running`, `child`), and compared (`comparing`); a difference that is not in `meant`
is shrunk (`shrinking`) and printed as a test.
"""
