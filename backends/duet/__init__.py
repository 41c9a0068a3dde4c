"""The Duet back end: emits C++ for the embedded engine."""
