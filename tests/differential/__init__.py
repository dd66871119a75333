"""Every public op and functional compared with PyTorch's on random arguments, valid and invalid.

A case is sampled from a seed and its number (`arguments`, `families`), run in both frameworks in a
child process (`execution`, `child`), and compared (`comparison`); a difference that is not in
`known_differences` is shrunk (`shrinking`) and printed as a test.
"""
