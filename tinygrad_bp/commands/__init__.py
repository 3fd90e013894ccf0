"""The subcommands of ``tinygrad-bp``, one module each; `tinygrad_bp.cli` lists and finds them.

==============  ===================================================================
`train`         learn from data, and write the folder of a run
`resume`        go on with a run that was stopped
`evaluate`      measure a run's model on data
`predict`       let a run's model predict: a file in, a CSV out
`explain`       the derivation of a run's gradients
`draw`          the picture of a model
`datasets`      the data sets that are known by name
`demo`, `port`  the notes' network on digits; PyTorch scripts brought over
`options`       kinds of values, and how errors are told; `training_options`: those of `train`
==============  ===================================================================
"""
