"""The engine's kernels, one a file: what each sends and costs, and how the emitted program calls it.

To add one, add a file with a subclass of ``MemberKernel``: all modules of this folder are loaded when a kernel is first
looked for. ``kernel_of`` demands that exactly one takes every operation that needs a protocol.
"""

from ezprivsecfl.backends.duet.kernels.base import Kernel
from ezprivsecfl.backends.duet.kernels.member import MemberKernel
from ezprivsecfl.backends.duet.kernels.registry import kernel_of

__all__ = ["Kernel", "MemberKernel", "kernel_of"]
