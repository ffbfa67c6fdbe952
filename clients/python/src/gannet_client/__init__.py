"""A client of a running Gannet process.

    from gannet_client import Client

    with Client.local() as gannet:
        for signal in gannet.signals():
            print(signal.signal.title)

`Client` opens the channel, shows who calls and sets a deadline on every call; the
stubs of all areas (`gannet.orders`, `gannet.risk`, …) are the generated ones, and
messages are those of proto/gannet/<area>/v1.
"""
from gannet_client.client import Client, Refused, Scales

__all__ = ["Client", "Refused", "Scales"]
