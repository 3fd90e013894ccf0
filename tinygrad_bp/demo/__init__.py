"""What ``tinygrad-bp demo`` does: the notes' network learns digits, and its gradients are checked.

The options, and the run from beginning to end, are in `tinygrad_bp.commands.demo`. In the order in
which a run passes through them:

=============  ====================================================================
`settings`     what a run was asked to do; `sources`: the two data sets
`network`      the notes' two layers, on tensors
`gradients`    the six gradients of autograd against those of `tinygrad_bp.textbook`
`training`     epochs of mini-batches, each followed by the comparison
`console`      what is printed meanwhile
`outcome`      what a run found, as the pictures and the report read it
`pictures`     curves, misclassified digits, the graph
`formulas`     the notes' formulas as MathML
`report`       all of it on one page
`folder`       what it writes; how is told by `tinygrad_bp.train.runs`
=============  ====================================================================
"""
