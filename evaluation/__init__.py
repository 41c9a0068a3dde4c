"""Data sets, attacks, training and reports: the experiments of the field, in the clear and on two servers.

In Python an experiment is an object, and attacks and rules are passed as such (``examples/own_rule_and_attack.py``)::

    from ezprivsecfl.evaluation.config import Experiment
    from ezprivsecfl.evaluation.running import run_all
    from ezprivsecfl.evaluation.summary import cells

On the command line it is a YAML file, or one of the field's by its name: ``ezeval safefl-table3 --data DIR``.
"""
