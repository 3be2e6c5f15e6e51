# SPDX-License-Identifier: GPL-2.0-or-later
# Bash completion for ioascope. Needs nothing but bash.

# Words of a list separated by commas: the last one is completed.
_ioascope_list() {
    local cur=$1 words=$2 done=''
    [[ $cur != *,* ]] || done=${cur%,*},
    mapfile -t COMPREPLY < <(compgen -P "$done" -W "$words" -- "${cur##*,}")
    compopt -o nospace 2>/dev/null || :
}

_ioascope_words() {
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_ioascope_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
    compopt -o filenames 2>/dev/null || :
}

_ioascope_processes() {
    local dir
    for dir in /proc/[0-9]*; do
        echo "${dir#/proc/}"
    done
}

# Folders below /sys/fs/cgroup, as --cgroup takes them.
_ioascope_cgroups() {
    local cur=$1 root=/sys/fs/cgroup/
    [[ $cur != /sys/* ]] || root=''
    mapfile -t COMPREPLY < <(compgen -d -- "$root$cur")
    [ -z "$root" ] || COMPREPLY=("${COMPREPLY[@]#"$root"}")
    compopt -o filenames 2>/dev/null || :
}

# The value of option $1; fails if it takes none, or none that we know.
_ioascope_value() {
    local ops='open close set-iommu map unmap attach detach pin unpin rw dirty query release
        copy alloc destroy allow replace option change-process notify cut reserve unreserve
        hwpt-alloc bind unbind charge merge'
    case $1 in
    --op) _ioascope_list "$2" "$ops" ;;
    --backend) _ioascope_words "$2" 'type1 iommufd compat bundled' ;;
    --format) _ioascope_words "$2" 'text json junit tap sarif' ;;
    --read | -r | --output | -o | --policy) _ioascope_files "$2" ;;
    --reserved) _ioascope_words "$2" 'none 0xfee00000-0xfeefffff:msi' ;;
    --rule | --rotate-size | --rotate-time | --keep) COMPREPLY=() ;;
    --access) _ioascope_words "$2" 'r w rw' ;;
    --device) _ioascope_words "$2" "$(_ioascope_devices)" ;;
    --by) _ioascope_words "$2" 'user process cgroup' ;;
    --from) _ioascope_words "$2" 'auto events kernel' ;;
    --state) _ioascope_files "$2" ;;
    --cgroup) _ioascope_cgroups "$2" ;;
    --pid | --owner) _ioascope_words "$2" "$(_ioascope_processes)" ;;
    --at | --va | --pfn | --pages | --uid | --ioas | --iova | --count | -c | --watch | --history | --ring | --areas | --without | --aperture) COMPREPLY=() ;;
    *) return 1 ;;
    esac
}

# The command after "--" and its arguments.
_ioascope_program() {
    if [ "$2" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$1")
    else
        _ioascope_files "$1"
    fi
}

# Devices that an IOMMU or VFIO has.
_ioascope_devices() {
    local link
    for link in /sys/bus/pci/devices/*/iommu_group /sys/class/vfio-dev/*/device; do
        [ -e "$link" ] || continue
        link=${link%/*}
        echo "${link##*/}"
    done
}

# What can be predicted, then a device.
_ioascope_predict() {
    local cur=$1 i
    for ((i = 2; i < COMP_CWORD; i++)); do
        [ "${COMP_WORDS[i]}" = attach ] || continue
        _ioascope_words "$cur" "$(_ioascope_devices)"
        return
    done
    _ioascope_words "$cur" attach
}

_ioascope() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i opts
    local source='-j --json -r --read --at --from -v --verbose -h --help'
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        _ioascope_words "$cur" 'trace record check show lookup blame holes aliases diff predict users
            policy features --help --version -h -V'
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ]; then
            _ioascope_program "$cur" $((COMP_CWORD - i))
            return
        fi
    done
    # "--op=map" arrives as three words.
    if [ "$cur" = = ]; then
        cur=''
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    _ioascope_value "$prev" "$cur" && return
    case ${COMP_WORDS[1]} in
    trace)
        opts='-r --read -j --json --changes --pid --uid --cgroup --ioas --backend --op -c --count
            -q --quiet --state --ring --areas --stale --without -v --verbose -h --help --'
        ;;
    record)
        opts='-o --output --rotate-size --rotate-time --keep --ring --areas --stale --without
            -v --verbose -h --help --'
        ;;
    check)
        opts='-r --read --policy --rule --allow-uncertain --format -j --json -o --output
            -q --quiet --max --list-rules --ring --areas --without -v --verbose -h --help --'
        ;;
    show) opts="--ioas --pid --iova --merged --histogram $source" ;;
    lookup) opts="--va --pages --owner --uid --ioas --pid $source" ;;
    blame)
        opts="--faults --va --pfn --pid --ioas --device --access --stacks --history -c --count --ring --areas
            $source --"
        ;;
    holes) opts="--ioas --valid $source" ;;
    aliases) opts="--shared $source" ;;
    diff) opts="--ioas --layout --exit-code $source" ;;
    users) opts='--by --all --watch --from -j --json -v --verbose -h --help' ;;
    predict)
        case $cur in
        -*) opts="--ioas --any --reserved --aperture $source" ;;
        *) _ioascope_predict "$cur" && return ;;
        esac
        ;;
    policy)
        if [ "$COMP_CWORD" -eq 2 ] && [[ $cur != -* ]]; then
            _ioascope_words "$cur" 'check explain apply status remove'
            return
        elif [[ $cur != -* ]]; then
            _ioascope_files "$cur"
            return
        fi
        opts='--uid --pid --cgroup --gate --strength --follow -j --json -h --help'
        ;;
    features) opts='-p --programs -j --json -h --help' ;;
    *) return ;;
    esac
    _ioascope_words "$cur" "$opts"
}

complete -F _ioascope ioascope
