#!/bin/sh
# The chart's file with this machine's addresses: the notifier of reporting, and mail to a server on loopback.
set -eu
sed -e "s|notifier.invalid|127.0.0.1:7190|; s|/etc/alertmanager/secrets|/secrets/alertmanager|; s|mail.invalid:587|$MAIL|" \
    -e "s|alerts@from.invalid|gannet@localhost|; s|oncall@to.invalid|$MAIL_TO|; /smtp_auth_password/d" \
    -e "s|smtp_auth_username: .*|smtp_require_tls: false|" \
    /etc/alertmanager/alertmanager.yaml >/tmp/alertmanager.yaml
exec /bin/alertmanager --config.file=/tmp/alertmanager.yaml --storage.path=/alertmanager --web.listen-address=127.0.0.1:9093 --cluster.listen-address=
