# shellcheck shell=bash
# /v1 and its store: uploads and downloads of 150 MiB through nginx, beside what nginx alone takes for the same bytes (PUT of
# its dav module, which Debian builds into every nginx, and GET of a file); many small uploads; and a program by /v1/exec beside
# the same one by /execute. All of it again when 100,000 files are stored. For run.sh.
: "${work:?}" "${here:?}" "${clock:?}" "${url:?}" "${runs:?}" "${seconds:?}" "${front_pid:?}" "${pid:=}" "${pids:?}" "${user?}"

key=bench0123456789abcdef
size=$((150 << 20))

# nanoseconds PID…: of CPU that their threads have had so far. The ticks of cpu() are too coarse for one request.
nanoseconds() {
    local root
    for root in "$@"; do cat "/proc/$root/task/"*/schedstat; done | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# taken COMMAND…: the CPU milliseconds of $watched, processes, while a command runs; into $taken.
taken() {
    local before
    before=$(nanoseconds "${watched[@]}")
    "$@"
    taken=$(calc "($(nanoseconds "${watched[@]}") - $before) / 1e6" %.2f)
}

# An nginx that knows nothing of us, with what front has of settings for bodies.
bare_nginx() {
    mkdir -p "$work/bare/temp" "$work/bare/files"
    cat >"$work/bare/nginx.conf" <<CONF
$user
daemon off;
pid nginx.pid;
error_log stderr warn;
worker_processes auto;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path temp/body;
    fastcgi_temp_path     temp/fastcgi;
    proxy_temp_path       temp/proxy;
    scgi_temp_path        temp/scgi;
    uwsgi_temp_path       temp/uwsgi;
    sendfile on;
    server {
        listen 127.0.0.1:$bare;
        client_max_body_size 1g;
        client_body_buffer_size 1m;
        location / {
            root files;
            dav_methods PUT;
        }
    }
}
CONF
    start bare nginx -e stderr -p "$work/bare" -c "$work/bare/nginx.conf"
    await accepts "$bare"
    # shellcheck disable=SC2207 # words are wanted
    bare_pids=($(family "${pids[-1]}"))
}

put_bare() { curl -sf -o "$work/answer" -H Expect: -T "$work/large" "http://127.0.0.1:$bare/large"; }
get_bare() { local i; for ((i = 0; i < 10; i++)); do curl -sf -o "$work/answer" "http://127.0.0.1:$bare/large"; done; }
upload() {
    curl -sf -o "$work/answer" -H Expect: -F entity_id=bench -F "file=@$work/large;filename=large.bin" "$url/k/$key/v1/upload"
}
download() { local i; for ((i = 0; i < 10; i++)); do curl -sf -o "$work/answer" "$url/k/$key/v1/download/$place?kind=agent&id=bench"; done; }

# answered NAME: a member of the last upload's answer.
answered() { grep -o "\"$1\":\"[^\"]*\"" "$work/answer" | head -n 1 | cut -d '"' -f 4; }

# large_files LABEL: one at a time.
large_files() {
    local i place ours=() bares=() our_gets=() bare_gets=() highest idle
    idle=$(memory VmRSS "$pid")
    echo 5 >"/proc/$pid/clear_refs" # VmHWM begins again
    for ((i = 0; i < runs; i++)); do
        watched=("${bare_pids[@]}")
        taken put_bare
        bares+=("$taken")
        taken get_bare
        bare_gets+=("$(calc "$taken / 10" %.2f)")
        watched=("${front_pids[@]}" "$pid")
        taken upload
        ours+=("$taken")
        place=$(answered session_id)/$(answered fileId)
        taken download
        cmp -s "$work/answer" "$work/large" || die "a download was not what was uploaded"
        our_gets+=("$(calc "$taken / 10" %.2f)")
        curl -sf -o /dev/null -X DELETE "$url/k/$key/v1/sessions/${place/\//\/objects\/}?kind=agent&id=bench"
    done
    highest=$(memory VmHWM "$pid")
    row "$1 upload of 150 MiB: CPU ms, nginx and responder" "$(median "${ours[@]}")" \
        "PUT to nginx alone: $(median "${bares[@]}")" "<= $(calc "1.3 * $(median "${bares[@]}")" %.0f), 1.3 of nginx"
    row "$1 download of 150 MiB: CPU ms, nginx and responder" "$(median "${our_gets[@]}")" \
        "GET from nginx alone: $(median "${bare_gets[@]}")" "<= $(calc "1.3 * $(median "${bare_gets[@]}")" %.1f), 1.3 of nginx"
    row "$1 both: peak RSS over idle, responder, MB" "$(calc "($highest - $idle) / 1024" %.1f)" "" "<= 8"
}

small_files() {
    local i line rates=()
    for ((i = 0; i < runs; i++)); do
        line=$("$work/direct" --url "$url/k/$key/v1/upload" --body "$work/small" --header "$form" --has '"message":"success"' \
            -c 16 -n 1000)
        right "$line"
        rates+=("$(value per_second <<<"$line")")
    done
    row "$1 1,000 uploads of 10 kB, 16 clients: a second" "$(median "${rates[@]}")" "" ">= 500"
}

# run_cost OPTION…: CPU milliseconds of a run, nginx included; into $cost, and the rate into $rate.
run_cost() {
    local line count
    watched=("${front_pids[@]}" "$pid")
    taken measured_run "$@"
    line=$(cat "$work/line")
    right "$line"
    count=$(value count <<<"$line")
    rate=$(value per_second <<<"$line") cost=$(calc "$taken / $count")
}
measured_run() { "$work/direct" "$@" -c 16 -d "$seconds" >"$work/line"; }

programs() {
    local i cost rate ours=() theirs=() our_rates=() rates=()
    for ((i = 0; i < runs; i++)); do
        run_cost --url "$url/execute" --header "X-API-Key: $key"
        theirs+=("$cost") rates+=("$rate")
        run_cost --url "$url/k/$key/v1/exec" --body "$work/exec" --has '"code":0'
        ours+=("$cost") our_rates+=("$rate")
    done
    row "$1 a text by /v1/exec: CPU ms, nginx and responder" "$(median "${ours[@]}")" "by /execute: $(median "${theirs[@]}")" \
        "<= $(calc "1.2 * $(median "${theirs[@]}")" %.3f), 1.2 of /execute"
    row "$1 a text by /v1/exec, 16 clients: a second" "$(median "${our_rates[@]}")" "by /execute: $(median "${rates[@]}")"
}

store() {
    local bare bare_pids front_pids watched taken owner form='Content-Type: multipart/form-data; boundary=bench'
    progress "the store"
    bare=$(free_port)
    mkdir -p "$work/store"
    head -c "$size" /dev/urandom >"$work/large"
    {
        printf -- '--bench\r\nContent-Disposition: form-data; name="file"; filename="small.bin"\r\n\r\n'
        head -c 10000 /dev/urandom
        printf '\r\n--bench--\r\n'
    } >"$work/small"
    printf '%s' "{\"lang\":\"py\",\"code\":\"print('Hello, World!')\"}" >"$work/exec"
    write_messages # what a command that lists files has to answer; its text is no file's record
    bare_nginx
    # shellcheck disable=SC2207 # words are wanted
    front_pids=($(family "$front_pid"))
    responder "http://127.0.0.1:$clock" E2B_FCGI_STORE="$work/store" E2B_FCGI_KEYS="bench:$key"
    upload # warm
    owner=("$work/store"/?*/)
    large_files "few files:"
    small_files "few files:"
    programs "few files:"
    progress "100,000 files"
    /usr/bin/python3 "$here/store_files.py" "${owner[0]}" 100000
    large_files "100,000 files:"
    small_files "100,000 files:"
    programs "100,000 files:"
    stop_last
    stop_last
}
