"""The text form of programs: ``print_program`` and ``parse_program`` are inverse to each other."""

from ezprivsecfl.ir.text.parser import parse_program
from ezprivsecfl.ir.text.printer import print_program

__all__ = ["parse_program", "print_program"]
