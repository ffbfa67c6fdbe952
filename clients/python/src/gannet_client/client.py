"""Channel, credentials, decimals and streams that resume."""
from __future__ import annotations

import collections
import dataclasses
import os
import pathlib
import time
import uuid
from decimal import Decimal
from typing import Any, Callable, Iterator, Optional

import grpc

from gannet.common.v1 import amount_pb2
from gannet.market.v1 import instrument_pb2, market_data_service_pb2, market_data_service_pb2_grpc
from gannet.ml.v1 import inference_service_pb2_grpc, model_service_pb2_grpc
from gannet.news.v1 import signal_service_pb2, signal_service_pb2_grpc
from gannet.ops.v1 import admin_service_pb2_grpc
from gannet.order.v1 import order_pb2, order_service_pb2, order_service_pb2_grpc
from gannet.report.v1 import report_service_pb2_grpc
from gannet.risk.v1 import risk_service_pb2_grpc

SOCKET = "gannet.sock"
TOKEN = "rpc.token"


class Refused(Exception):
    """Risk, or execution's own gate, said no; `order` holds the reason."""

    def __init__(self, order: order_service_pb2.Order):
        self.order = order
        reason = order_pb2.RejectReason.Name(order.reject_reason).removeprefix("REJECT_REASON_")
        super().__init__(f"{reason}: {order.detail}" if order.detail else reason)


@dataclasses.dataclass(frozen=True)
class Scales:
    """Turns decimals into the integers of one version of an instrument, and back."""

    instrument: str
    version: int
    price_digits: int
    quantity_digits: int

    @staticmethod
    def of(definition: instrument_pb2.Instrument) -> "Scales":
        return Scales(definition.id, definition.version, definition.price_scale, definition.quantity_scale)

    def price(self, value: Decimal) -> int:
        return _mantissa(value, self.price_digits, "price")

    def quantity(self, value: Decimal) -> int:
        return _mantissa(value, self.quantity_digits, "quantity")

    def price_of(self, mantissa: int) -> Decimal:
        return Decimal(mantissa).scaleb(-self.price_digits)

    def quantity_of(self, mantissa: int) -> Decimal:
        return Decimal(mantissa).scaleb(-self.quantity_digits)


def _mantissa(value: Decimal, digits: int, what: str) -> int:
    if not isinstance(value, Decimal):
        raise TypeError(f"{what} must be a Decimal: floats are not exact")
    shifted = value.scaleb(digits)
    if shifted != shifted.to_integral_value():
        raise ValueError(f"{what} {value} has more than {digits} digits after the point")
    return int(shifted)


class _CallDetails(
        collections.namedtuple("_CallDetails", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression")),
        grpc.ClientCallDetails):
    pass


class _Always(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Puts the token on every call, and a deadline on every call that ends."""

    def __init__(self, token: Optional[str], timeout: float):
        self._metadata = [("authorization", f"Bearer {token}")] if token else []
        self._timeout = timeout

    def _details(self, details: Any, timeout: Optional[float]) -> _CallDetails:
        metadata = list(details.metadata or []) + self._metadata
        return _CallDetails(details.method, details.timeout if details.timeout is not None else timeout, metadata,
                            details.credentials, getattr(details, "wait_for_ready", None), getattr(details, "compression", None))

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(self._details(details, self._timeout), request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(self._details(details, None), request)


class Client:
    """One connection. Safe to use from several threads, as grpc's channels are."""

    def __init__(self, target: str, *, token: Optional[str] = None, root_certificates: Optional[bytes] = None,
                 private_key: Optional[bytes] = None, certificate_chain: Optional[bytes] = None, timeout: float = 10.0):
        if root_certificates is not None:
            credentials = grpc.ssl_channel_credentials(root_certificates, private_key, certificate_chain)
            channel = grpc.secure_channel(target, credentials)
        else:
            channel = grpc.insecure_channel(target)
        self._channel = channel
        wrapped = grpc.intercept_channel(channel, _Always(token, timeout))
        self.market_data = market_data_service_pb2_grpc.MarketDataServiceStub(wrapped)
        self.news = signal_service_pb2_grpc.SignalServiceStub(wrapped)
        self.inference = inference_service_pb2_grpc.InferenceServiceStub(wrapped)
        self.models = model_service_pb2_grpc.ModelServiceStub(wrapped)
        self.orders = order_service_pb2_grpc.OrderServiceStub(wrapped)
        self.risk = risk_service_pb2_grpc.RiskServiceStub(wrapped)
        self.reports = report_service_pb2_grpc.ReportServiceStub(wrapped)
        self.admin = admin_service_pb2_grpc.AdminServiceStub(wrapped)

    @staticmethod
    def local(data: Optional[str] = None, *, timeout: float = 10.0) -> "Client":
        """The process that runs on this data folder, over its private socket."""
        if data is None:
            base = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
            data = os.path.join(base, "gannet")
        return Client(f"unix:{os.path.abspath(os.path.join(data, SOCKET))}", timeout=timeout)

    @staticmethod
    def token_of(data: str) -> str:
        """The secret of the process's TCP port."""
        return pathlib.Path(data, TOKEN).read_text(encoding="ascii").strip()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def scales(self, instrument: str) -> Scales:
        request = market_data_service_pb2.GetInstrumentRequest(instrument=instrument)
        return Scales.of(self.market_data.GetInstrument(request).instrument)

    def submit_limit_order(self, instrument: str, side: str, quantity: Decimal, price: Decimal, *, account: str = "main/paper",
                           reason: str = "", request_id: Optional[str] = None) -> order_service_pb2.Order:
        """The order once execution has it on disk. Refused: risk said no.

        The same `request_id` gives the same order however often it is asked: repeat it
        when the connection broke and the answer is missing.
        """
        scales = self.scales(instrument)
        sides = {"buy": amount_pb2.SIDE_BUY, "sell": amount_pb2.SIDE_SELL}
        request = order_service_pb2.SubmitOrderRequest(
            request_id=request_id or str(uuid.uuid4()), account=account, instrument=instrument,
            instrument_version=scales.version, side=sides[side], type=order_pb2.ORDER_TYPE_LIMIT,
            time_in_force=order_pb2.TIME_IN_FORCE_GTC, price=scales.price(price), quantity=scales.quantity(quantity), reason=reason)
        response = self.orders.SubmitOrder(request)
        if response.progress == order_service_pb2.ORDER_PROGRESS_DENIED:
            raise Refused(response.order)
        return response.order

    def cancel_order(self, order: order_service_pb2.Order, *, reason: str = "") -> order_service_pb2.Order:
        request = order_service_pb2.CancelOrderRequest(
            request_id=str(uuid.uuid4()), account=order.intent.account, client_order_id=order.intent.client_order_id, reason=reason)
        return self.orders.CancelOrder(request).order

    def signals(self, filter: Optional[signal_service_pb2.SignalFilter] = None,
                pause: float = 1.0) -> Iterator[signal_service_pb2.StreamSignalsResponse]:
        """Signals as they are made; goes on after a broken connection where it stopped."""
        request = signal_service_pb2.StreamSignalsRequest(filter=filter)
        while True:
            try:
                for message in self.news.StreamSignals(request):
                    request.resume_token = message.position.resume_token
                    yield message
                return
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.OUT_OF_RANGE:
                    request.resume_token = ""  # too long away: from now on
                elif error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
                    raise
                time.sleep(pause)
