"""The library behind the book *Geometry and Generalization*: training, Jacobian spectra, and what they predict.

Modules stand on floors; each imports only from floors below its own:

| floor | modules |
| --- | --- |
| 0 | `errors`, `files` |
| 1 | `datasets`, `autoencoders`, `jacobians`, `spectra`, `published` |
| 2 | `training`, `regression` |
| 3 | `measurements`, `claims` |
| 4 | `runs`, `figures` |
| 5 | `pages`, `__main__` |
"""
