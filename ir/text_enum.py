"""Enumerations whose members are texts: Python's own ``enum.StrEnum`` is not there before 3.11."""

from __future__ import annotations

from enum import Enum


class TextEnum(str, Enum):
    """Members are strings, also where they are formatted."""

    __str__ = str.__str__
