"""Two gateways as pods, asked over TLS as a browser would: each has its number, people and sessions are theirs together, and what is
done at one is seen at the other."""
import contextlib
import os
import re
import ssl

import harness
from gateways_test import BTC, Desk, ask, audited, check_at_once, check_consent, check_orders, orders_of, people, read, sign_in
from harness import check, wait_until
from redis_test import Person
from rounds import note, timed

NAME = "gannet-gateway"
NUMBERS = (0, 1)


class Page:
    """The page of one pod, at a port of this machine for as long as that pod lives."""

    def __init__(self, cluster, folder, number):
        self.tls = ssl.create_default_context(cadata=cluster.secret("gannet-tls", "ca.crt").decode())
        self.forward = harness.Program([cluster.tool, "kubectl", "--namespace", cluster.space, "port-forward", f"pod/{NAME}-{number}", ":8443"], folder, f"page-{number}")
        self.port = int(self.forward.wait_for(lambda: re.search(r"127\.0\.0\.1:(\d+) ->", self.forward.out()), 30, "a way to the page")[1])


class Gateways:
    def __init__(self, cluster, bin_dir, folder):
        self.cluster, self.folder, self.gannet = cluster, folder, os.path.join(bin_dir, "gannet")
        self.person, self.desk, self.meanwhile = Person(), None, None
        self.file, self.token = folder / "users.json", folder / "people-token"
        for path in (self.file, self.token):
            path.unlink(missing_ok=True)
        self.password = re.search(r"password (\S+)", people(self.gannet, self.file, "add", "ann", "--role", "admin"))[1]
        self.token.write_text(os.urandom(16).hex())
        self.tell()

    def tell(self):
        """The secret, made or replaced as the chart's README says."""
        secret = self.cluster.kubectl("create", "secret", "generic", "gannet-people", f"--from-file=users.json={self.file}", f"--from-file=token={self.token}",
                                      "--dry-run=client", "--output=json")
        self.cluster.kubectl("apply", "--filename", "-", text=secret)

    @contextlib.contextmanager
    def pages(self, *numbers):
        with contextlib.ExitStack() as stack:
            pages = []
            for number in numbers:
                pages.append(Page(self.cluster, self.folder, number))
                stack.enter_context(pages[-1].forward)
            yield pages

    def two_ready(self):
        return self.cluster.get("statefulset", NAME)["status"].get("readyReplicas", 0) >= 2

    def scaler(self):
        """Once it knows a load."""
        one = self.cluster.get("hpa", NAME)
        return one if one["status"].get("currentMetrics") else None

    def check_two(self):
        """After the install: the scaler has made the second."""
        timed("two gateways ready", lambda: wait_until(self.two_ready, 120, "two gateways"))
        scaler = wait_until(self.scaler, 60, "metrics of the gateway's scaler")
        check(scaler["spec"]["scaleTargetRef"]["kind"] == "StatefulSet" and scaler["spec"]["minReplicas"] == 2, f"the gateway's scaler: {scaler['spec']}")
        note("the gateway's scaler: pods, load of what is asked for", f"{scaler['status']['currentReplicas']}, "
             f"{scaler['status']['currentMetrics'][0]['resource']['current'].get('averageUtilization')} %")
        with self.pages(*NUMBERS) as (first, second):
            sign_in(self.person, first, "ann", self.password)
            for page in (first, second):
                check(read(self.person, page, "/api/v1/session")["user"] == "ann", "whose session it is")
            wait_until(lambda: audited(self.person, second, "SIGN_IN", person="ann"), 30, "the sign-in in the other's audit")
            price = harness.reference_price(self.command, BTC) * 0.97
            self.desk = Desk(str(int(price)))
            check_consent(self.person, first, second, self.desk)
            check_orders(self.person, first, second, self.desk)
            check_at_once(self.person, first, second, self.desk)
        note("two gateways: session, consent, order and audit of one at the other; one request at both", "seen, one order")

    def command(self, *arguments):
        code, out, err = self.cluster.ask("gateway", *arguments, "--data", "/var/lib/gannet/data")
        return code, out + err

    def serves(self):
        """While the first is away: the same session, and an order."""
        with self.pages(1) as (second,):
            self.meanwhile, _ = timed("an order at the other gateway meanwhile", lambda: self.desk.place(self.person, [second]))

    def check_back(self):
        """What the one that was killed has missed, once it is back."""
        with self.pages(0) as (first,):
            wait_until(lambda: orders_of(self.person, first, self.meanwhile), 30, "what was done meanwhile")
            wait_until(lambda: audited(self.person, first, "SUBMIT_ORDER", request_id=self.meanwhile["request_id"], result="APPLIED"), 30, "its audit")

    def check_shut_out(self):
        """By the secret alone, which a kubelet takes up in its own time."""
        with self.pages(*NUMBERS) as pages:
            self.person = Person()  # whatever the kills have done to Redis
            sign_in(self.person, pages[0], "ann", self.password)
            for page in pages:
                check(read(self.person, page, "/api/v1/session")["user"] == "ann", "whose session it is")
            people(self.gannet, self.file, "disable", "ann")
            self.tell()

            def out():
                return all(ask(self.person, page, "GET", "/api/v1/state").status == 401 for page in pages)
            timed("a person shut out by the secret, until both gateways know", lambda: wait_until(out, 120, "the end of a session", 0.5))
