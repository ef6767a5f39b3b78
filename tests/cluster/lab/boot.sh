#!/usr/bin/env bash
# The first process of a host, in namespaces of its own: makes its file system, becomes its sshd.
#
#   boot.sh NAME FOLDER SHARED ENVIRONMENT [BIND ...]
#
# FOLDER holds `extra` (unpacked packages), `hosts`, a key and the folder `shared`, which the host
# has at SHARED. ENVIRONMENT is the machine's virtual environment: the host has it as if `make` had
# installed it into ~/tuner. Each BIND is a path of the machine that the host shall see, but not
# change, at the same place, or FROM=TO.
set -euo pipefail
name=$1 folder=$2 shared=$3 environment=$4
shift 4

hostname "$name"
mount --make-rprivate /
mount -t tmpfs -o size=4g tmpfs "$folder/mounts/$name"
cd "$folder/mounts/$name"
mkdir upper work root environment environment/upper environment/work
cp -a "$folder/extra" extra # a layer below must not lie within another, as the folder does in /
mount -t overlay overlay -o "lowerdir=extra:/,upperdir=upper,workdir=work" root
cd root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev # before the new ones below, which hide the machine's own
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount --bind dev/pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs tmpfs run

mkdir -p ".$shared"
mount --bind "$folder/shared" ".$shared"
mkdir -p root/tuner/.venv
mount -t overlay overlay root/tuner/.venv \
  -o "lowerdir=$environment,upperdir=../environment/upper,workdir=../environment/work"
touch root/tuner/.venv/.installed-cluster
for bind in "$@"; do
  from=${bind%%=*} to=${bind##*=}
  mkdir -p ".$to"
  mount --bind "$from" ".$to"
  mount -o remount,bind,ro ".$to"
done

cp "$folder/hosts" etc/hosts
: > etc/resolv.conf
grep -q ^sshd: etc/passwd || echo 'sshd:x:108:65534::/run/sshd:/usr/sbin/nologin' >> etc/passwd
sed -i 's/^root:[^:]*:/root:*:/' etc/shadow
rm -rf root/.ssh root/.ray root/.bashrc root/.profile root/.bash_profile
mkdir -p -m 700 root/.ssh run/sshd
install -m 600 "$folder/authorized_keys" root/.ssh/authorized_keys
install -m 600 "$folder/key" root/.ssh/lab.pem
echo 'export HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin' > root/.bashrc
echo '. ~/.bashrc' > root/.profile
ssh-keygen -q -t ed25519 -N '' -f root/host_key

mkdir -p old
pivot_root . old
cd /
umount -l /old
exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/sbin/sshd -D -f /dev/null \
  -h /root/host_key -E /run/sshd.log -o UsePAM=no -o PasswordAuthentication=no \
  -o PermitRootLogin=prohibit-password -o PrintMotd=no
