"""The TensorFlow Federated front end: traces TFF computations to programs, and runs TFF's own contexts.

This is the only package that imports TensorFlow and TensorFlow Federated.
"""

from ezprivsecfl.installing import needing_tff

with needing_tff():
    import tensorflow as tf
    import tensorflow_federated as tff

from ezprivsecfl.frontends.tff.context import Handler, SecureContext
from ezprivsecfl.frontends.tff.discovery import find_computations, has_clients_parameter
from ezprivsecfl.frontends.tff.quiet import without_noise
from ezprivsecfl.frontends.tff.reference import reference_context, tame_worker
from ezprivsecfl.frontends.tff.signature import Arguments, Signature
from ezprivsecfl.frontends.tff.source import install_source_tracking
from ezprivsecfl.frontends.tff.specialising import Traces
from ezprivsecfl.frontends.tff.tracing import TracedComputation, trace

VERSION, TENSORFLOW_VERSION = tff.__version__, tf.__version__

__all__ = [
    "TENSORFLOW_VERSION",
    "VERSION",
    "Arguments",
    "Handler",
    "SecureContext",
    "Signature",
    "TracedComputation",
    "Traces",
    "find_computations",
    "has_clients_parameter",
    "install_source_tracking",
    "reference_context",
    "tame_worker",
    "trace",
    "without_noise",
]
