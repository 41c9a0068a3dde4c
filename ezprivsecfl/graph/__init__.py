"""What runs on the servers, as a graph: a box for what a line of the user's program becomes in one domain.

``graph_of`` makes it of the program on shares; ``Graph.dot`` and ``Graph.svg`` are its text forms.
"""

from ezprivsecfl.graph.domains import Domain
from ezprivsecfl.graph.nodes import Graph, Node, graph_of

__all__ = ["Domain", "Graph", "Node", "graph_of"]
