"""The MOTION2NX back end: emits C++ for the framework of Braun, Cammarota, Schneider ("A Generic Hybrid 2PC
Framework with Application to Private Inference of Unmodified Neural Networks", 2021)."""
