#!/bin/sh
# Installs the Debian packages of the real servers that the tests start, and nothing else: no service is started.
# Run it as often as you like; with everything there it only looks. Without root it says what is missing and exits 1.
set -eu

# need PACKAGE FILE...: the package is there when one of the files is.
missing=
need() {
  package=$1
  shift
  for file in "$@"; do
    if [ -e "$file" ]; then return; fi
  done
  missing="$missing $package"
}
# Every time: the one that may be missing all the same.
if [ "$(id -u)" = 0 ]; then
  sh "$(dirname "$0")/mysql-fetch.sh" /var/cache/pam-test/mysql || echo 'MySQL cannot be had here; its suites will not run'
fi

need openssl /usr/bin/openssl
need zsh /usr/bin/zsh
need jq /usr/bin/jq
need postgresql /usr/lib/postgresql/*/bin/initdb
need openssh-server /usr/sbin/sshd
need sudo /usr/bin/sudo
need slapd /usr/sbin/slapd
need ldap-utils /usr/bin/ldapsearch
need samba /usr/sbin/samba
need samba-ad-dc /usr/share/doc/samba-ad-dc
need samba-ad-provision /usr/share/samba/setup/ad-schema
need mariadb-server /usr/sbin/mariadbd

if [ -z "$missing" ]; then
  echo 'all test servers are installed'
  exit 0
fi
echo "missing:$missing"
if ! command -v apt-get >/dev/null; then
  echo 'this is not Debian: install them by other means' >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  echo 'run this script as root to install them' >&2
  exit 1
fi

# Services must not start by being installed; a policy that is there already stays as it is.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
# Debian's PostgreSQL would make a cluster of its own; the tests make theirs.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  mkdir -p /etc/postgresql-common
  echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of package names
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
