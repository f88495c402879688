"""Pictures of a network: a report becomes boxes and edges, and these become placed shapes.

A picture is a rendering of the report, as the table is: it takes no number, size or edge from
anywhere else. Each style is one file; the files in `render/` write the shapes as text.
"""
