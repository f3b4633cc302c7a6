#!/bin/sh
# Puts a real MySQL server into the folder ROOT (argument 1) to be run by chroot, once per machine. Debian's stable releases have
# none, so it comes from sid with the libraries that it needs, unpacked: nothing is installed and apt's own state stays as it is.
# Root only. Exits 1 where it cannot be had; sid changes daily, so that may happen anywhere.
set -eu

root=$1
if [ -x "$root/usr/sbin/mysqld" ]; then exit 0; fi
if [ "$(id -u)" != 0 ]; then
  echo 'run this script as root' >&2
  exit 1
fi
key=/usr/share/keyrings/debian-archive-keyring.gpg
# The mirror that this machine uses already.
mirror=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/debian.sources)
[ -n "$mirror" ] && [ -e "$key" ]

mkdir -p "$(dirname "$root")"
# Of two that fetch at the same time, the second waits and finds it done.
exec 9>"$root.lock"
flock 9
if [ -x "$root/usr/sbin/mysqld" ]; then exit 0; fi
work=$(mktemp -d "$root.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
: >"$work/status"
echo "deb [signed-by=$key] $mirror sid main" >"$work/sources.list"
apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists" \
    -o Dir::Cache="$work/cache" -o Dir::State::status="$work/status" -o APT::Sandbox::User=root "$@"
}
apt update
apt install --download-only -y --no-install-recommends mysql-server-core

# /bin, /lib and so on are links into /usr, as in Debian's base-files.
new=$work/root
mkdir -p "$new/tmp" "$new/dev" "$new/etc"
for folder in lib lib64 bin sbin; do
  mkdir -p "$new/usr/$folder"
  ln -s "usr/$folder" "$new/$folder"
done
for package in "$work"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$new" --keep-directory-symlink --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale
done
chroot "$new" /usr/sbin/mysqld --version
# Only a root that works gets the name.
rm -rf "$root"
mv "$new" "$root"
