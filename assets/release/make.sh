#!/bin/sh
# Makes what a release consists of. `.github/workflows/release.yml` runs it, and a test does.
#
#   make.sh manual PROGRAM FOLDER                     the manual and the completions
#   make.sh pack PROGRAM MANUAL TARGET VERSION DIST   one archive
#   make.sh files DIST VERSION REPOSITORY             checksums, and what installs the archives
#
# REPOSITORY is its address, such as https://github.com/OWNER/NAME.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

targets='x86_64-unknown-linux-musl aarch64-unknown-linux-musl x86_64-apple-darwin aarch64-apple-darwin
x86_64-pc-windows-gnu'

die() {
  echo "make.sh: $*" >&2
  exit 1
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

manual() {
  program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
  mkdir -p "$2/man" "$2/completions"
  "$program" man --out "$2/man" >/dev/null
  # The scripts call the program by its name if the name finds this program.
  PATH=$(dirname "$program"):$PATH
  "$program" completions bash >"$2/completions/cclink.bash"
  "$program" completions zsh >"$2/completions/_cclink"
  "$program" completions fish >"$2/completions/cclink.fish"
  if grep -qF "$(dirname "$program")" "$2"/completions/*; then
    die "the completions name a folder of this machine"
  fi
}

# The same files give the same archive, to the byte (needs GNU tar).
pack() {
  program=$1 manual=$2 target=$3 version=$4 dist=$5
  name=cclink-$version-$target
  work=$(mktemp -d)
  mkdir -p "$dist" "$work/$name"
  case $target in *windows*) file=cclink.exe ;; *) file=cclink ;; esac
  cp "$program" "$work/$name/$file"
  cp "$here/../../LICENSE" "$here/../../README.md" "$work/$name/"
  cp -R "$manual/man" "$manual/completions" "$work/$name/"
  chmod -R u=rwX,go=rX "$work/$name"
  chmod 755 "$work/$name/$file"
  tar -C "$work" --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" --owner=0 --group=0 --numeric-owner \
    -cf "$work/archive" "$name"
  gzip -n9 <"$work/archive" >"$dist/$name.tar.gz"
  rm -rf "$work"
}

files() {
  dist=$1 version=$2 repository=$3
  # They become part of scripts.
  case $version in '' | *[!0-9A-Za-z.-]*) die "not a version: $version" ;; esac
  case $repository in '' | *[!0-9A-Za-z.:/_~-]*) die "not an address: $repository" ;; esac
  # pacman allows no hyphen in a version. It takes 1.0.0rc1 for older than 1.0.0; with
  # anything between the two it would be newer.
  pkgver=$(echo "$version" | sed 's/^\([0-9.]*\)-\([0-9]\)/\1-pre\2/;s/-\([A-Za-z]*\)[.-]*/\1/;s/-/./g')
  filled="s|@VERSION@|$version|g;s|@PKGVER@|$pkgver|g"
  filled="$filled;s|@REPOSITORY@|$repository|g;s|@NAME@|$(echo "$repository" | sed 's|^[a-z]*://[^/]*/||')|g"
  filled="$filled;s|@DOWNLOADS@|$repository/releases/download/v$version|g"
  : >"$dist/SHA256SUMS"
  for target in $targets; do
    archive=cclink-$version-$target.tar.gz
    [ -f "$dist/$archive" ] || die "missing: $dist/$archive"
    sum=$(sha256 "$dist/$archive")
    echo "$sum  $archive" >>"$dist/SHA256SUMS"
    filled="$filled;s|@SHA256 $target@|$sum|g"
  done
  for template in "$here"/*.in; do
    made=$dist/$(basename "$template" .in)
    sed "$filled" "$template" >"$made"
    if grep -n '@[A-Z][A-Z0-9]*[ @]' "$made" >&2; then die "not filled in: $made"; fi
  done
}

usage="see the first lines of $0"
[ $# -gt 0 ] || die "$usage"
command=$1
shift
case $command-$# in
manual-2 | pack-5 | files-3) "$command" "$@" ;;
*) die "$usage" ;;
esac
