#!/usr/bin/env python3
"""Hears news signals and gives one paper order, far from the market.

usage: signals_and_order.py [--data FOLDER] [--instrument venue:symbol] [--signals N]
"""
import argparse
from decimal import Decimal

from gannet.market.v1 import market_data_service_pb2
from gannet_client import Client, Refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="data folder of `gannet run`")
    parser.add_argument("--instrument", default="binance-spot:BTCUSDT")
    parser.add_argument("--signals", type=int, default=1, help="how many to hear before the order")
    options = parser.parse_args()
    with Client.local(options.data) as gannet:
        for message in gannet.signals():
            signal = message.signal
            print(f"signal {signal.sentiment_ppm / 1e6:+.2f} ({signal.confidence_ppm / 1e6:.0%} sure): {signal.title}", flush=True)
            options.signals -= 1
            if options.signals <= 0:
                break
        scales = gannet.scales(options.instrument)
        request = market_data_service_pb2.GetBookRequest(instrument=options.instrument, depth=1)
        bids = gannet.market_data.GetBook(request).book.bids
        if not bids:  # the book is being read anew
            print("no prices now")
            return
        price = (scales.price_of(bids[0].price) * Decimal("0.97")).quantize(Decimal(1))  # within risk's collar, below everybody
        quantity = (Decimal(100) / price).quantize(Decimal("0.001"))
        try:
            order = gannet.submit_limit_order(options.instrument, "buy", quantity, price, reason="example")
        except Refused as refused:
            print(f"denied: {refused}")
            return
        print(f"order {order.intent.client_order_id}: buy {quantity} at {price}, journaled")
        gannet.cancel_order(order, reason="example")
        print("cancel sent")


if __name__ == "__main__":
    main()
