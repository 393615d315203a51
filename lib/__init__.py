"""The library behind the book *Geometry and Generalization*: training, Jacobian spectra, and what they predict.

Modules stand on floors; each imports only from floors below its own (a package's modules, from each other):

| floor | modules |
| --- | --- |
| 0 | `errors`, `files` |
| 1 | `sources`, `choices`, `usercode`, `arrays` |
| 2 | `datasets`, `autoencoders`, `jacobians`, `spectra`, `regression`, `published`, `diagrams`, `inputs`, `documents` |
| 3 | `bounds`, `controls`, `toys`, `training`, `covariates`, `tangents`, `predictors`, `shifts`, `ginibre`, `examples` |
| 4 | `measurements`, `attractors` |
| 5 | `runs` |
| 6 | `benchmarks`, `doctor`, `evidence`, `sensitivity`, `scores`, `dynamics`, `models` |
| 7 | `claims`, `figures`, `diagnosis` |
| 8 | `tables`, `pages`, `findings` |
| 9 | `__main__` |
"""
