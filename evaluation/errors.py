"""What can be wrong about an experiment."""

from __future__ import annotations

from ezprivsecfl.errors import EzError


class PackageMissingError(EzError, ImportError):
    """A package that only experiments need is not installed; says how to install it."""


class DataError(EzError):
    """A data set cannot be read, or cannot be divided as asked."""


class ConfigError(EzError):
    """An experiment is not what can be run; the message has the file's line where there is a file."""
