"""What ``tinygrad-bp demo`` does: the notes' network learns digits, and its gradients are checked.

In the order in which a run passes through them:

=============  ====================================================================
`command`      the options, and the run from beginning to end
`settings`     what a run was asked to do; `sources`: the two data sets
`network`      the notes' two layers, on tensors
`gradients`    the six gradients of autograd against those of `tinygrad_bp.textbook`
`training`     epochs of mini-batches, each followed by the comparison
`console`      what is printed meanwhile
`outcome`      what a run found, as the pictures and the report read it
`pictures`     curves, misclassified digits, the graph
`formulas`     the notes' formulas as MathML
`report`       all of it on one page, from parts in `markup`, styled by ``report.css``
`folder`       where it is written, and how: a file is there whole or not at all
=============  ====================================================================
"""
