"""What can be wrong about an experiment."""

from __future__ import annotations

from ezprivsecfl.errors import EzError


class PackageMissingError(EzError, ImportError):
    """A package that only experiments need is not installed; says how to install it."""


class DataError(EzError):
    """A data set cannot be read, or cannot be divided as asked."""


class ConfigError(EzError):
    """An experiment is not what can be run.

    Args:
        message: What is wrong.
        where: The file and its line, where there is a file; the message begins with it.
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where
