"""The boundary: what a client (or the server) computes in the clear, and where shares begin.

The client's own work stays with the client. **Own** are the operations that touch a data set, an iterator, a variable
or random numbers, and what these need. A tensor is uploaded, in shares, where it comes out of such an operation; all
other operations, even of the same TensorFlow computation, are lifted to shares. So the cut is as early as it can be:
what a program does to a client's result (clipping, zeroing, scaling, weighting) is never left to that client, since it
needs neither data set nor variable. Where a client's own operations need such a result for themselves, say to decide
what a variable is set to, the client computes it too, but what is uploaded still comes from before it.

More precisely, of a TensorFlow computation that is called with a data set, after its function calls are inlined:

1. An operation is own if one of its inputs or outputs is a data set, an iterator or a variable, if it draws random
   numbers, or if a function that it calls (a loop's body, a branch) has such an operation.
2. It is also own if it takes what comes out of an own operation and cannot be shared: a tensor of unknown shape, such
   as a batch of examples, or of strings.
3. Every other operation is evaluated on shares. The tensors that it takes from own operations are the *uploads*.

What the client is given is what the program itself broadcasts to it, and its own arguments. A computation that is not
called with a data set has no own operations but those of ``clear_operations.py``: what clients draw, and what the
server alone knows and the IR has no operation for. What clients draw of a distribution that is their secret is as if it
came from a data set: ``own_operations.drawers_own``.

The server, too, has work that cannot be shared, but after the round: ``after_opening.py``.
"""
