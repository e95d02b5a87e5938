# shellcheck shell=bash
# Sourced by image and run: what is needed, where images are kept, and how QEMU is called.

# Says why the machine cannot run here and ends with the status that ctest counts as skipped.
skip_unless_possible() {
    local reason="" program
    [ "$(id -u)" -eq 0 ] || reason="it needs root, to make the system that runs in it"
    [ "$(uname -m)" = x86_64 ] || reason="it runs the programs of x86-64 alone"
    for program in qemu-system-x86_64 mmdebstrap mke2fs busybox cpio depmod xz; do
        command -v "$program" >/dev/null || reason="$program is missing; run: packaging/install-packages vm"
    done
    [ -n "$reason" ] || return 0
    echo "skipped: the virtual machine cannot be used here: $reason"
    exit 77
}

# A saved state fits only the QEMU that saved it, so its version is part of the recipe.
image_folder() { # SUITE
    local recipe
    recipe=$(cd "$vm" && { find image machine.sh save disk -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        qemu-system-x86_64 --version; } | sha256sum)
    echo "$images/$1-${recipe:0:12}"
}

# Sets qemu. TCG is used even where /dev/kvm opens: under nested virtualisation it opens and then hangs.
# The disk ignores flushes, since nothing of a run is kept. The processor is a plain one because emulating newer ones costs a quarter more time.
set_qemu() { # IMAGE-FOLDER SHARED-FOLDER SNAPSHOT [KERNEL-ARGUMENT…]
    local image=$1 share=$2 snapshot=$3
    shift 3
    # shellcheck disable=SC2034,SC2054  # used by who sources this; the commas are QEMU's
    qemu=(qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu Nehalem -smp 2 -m 768
        -nodefaults -no-user-config -display none -no-reboot -nic none -monitor none -serial stdio
        -kernel "$image/vmlinuz" -initrd "$image/initrd.gz"
        -append "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr audit=0 cryptomgr.notests systemd.show_status=0"
        -drive "file=$image/disk,format=raw,if=virtio,snapshot=$snapshot,cache=unsafe"
        -virtfs "local,path=$share,mount_tag=host,security_model=none,multidevs=remap"
        -device virtio-rng-pci)
}

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
images=${VITALGATE_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vitalgate/vm}
suites=(bookworm trixie)

known_suite() { # SUITE
    local suite
    for suite in "${suites[@]}"; do [ "$1" != "$suite" ] || return 0; done
    echo "${0##*/}: no machine is named \"$1\"; there are: ${suites[*]}" >&2
    exit 2
}
