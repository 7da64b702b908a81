"""Files: what partners attach to a case and staff add to a form, kept in sealed chunks.

A file is never in memory as a whole, neither when it comes in nor when it goes out. Contract,
sections 2, 4 and 7.
"""
