"""The project's forty feature columns against the same in other libraries: `python -m benchmarks.peers`.

A peer is one file that writes the columns as somebody who knows its library would write them well, and one line of
`peers.compared.PEERS`. No peer's package is needed by anything else: one that is not installed is left out, loudly.
"""
