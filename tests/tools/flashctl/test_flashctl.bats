#!/usr/bin/env bats
# flashctl as people and scripts meet it, against a double of flash-admin. FLASH_BUILD names the build folder.

setup_file() {
    export CTL=$FLASH_BUILD/tools/flashctl
    export PATH=$CTL:$PATH HOME=$BATS_FILE_TMPDIR/home
    unset XDG_CONFIG_HOME NO_COLOR
    mkdir -p "$HOME/.config/flashctl"
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    unset "${!FLASHCTL_@}"
    umask 077
    python3 "$BATS_TEST_DIRNAME/double.py" port 3>&- &
    DOUBLE=$!
    until [[ -s port ]]; do kill -0 "$DOUBLE"; done
    export FLASHCTL_ADMIN=http://127.0.0.1:$(cat port)
}

teardown() {
    kill "$DOUBLE" && wait "$DOUBLE" || true
    rm -f "$HOME"/.config/flashctl/*
}

double() { curl -s "$FLASHCTL_ADMIN/double" "$@"; }
misbehave() { double -d "$1" >/dev/null; }
# python EXPRESSION: of `it`, the JSON on stdin
python() { python3 -c 'import json, sys; it = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

delivery() { # ROWS: a file of so many SKUs, from 101 on
    echo product_id,quantity,title,low_stock_threshold
    seq 101 $((100 + $1)) | sed 's/.*/&,7,Shoe &,3/'
}

# ---- the command line ----

@test "help, version and what is wrong, with their exit codes" {
    run flashctl --help
    ((status == 0))
    [[ $output == *"sale create"*"exit codes:"* ]]
    run flashctl stock --help
    ((status == 0))
    [[ $output == *"stock restock"* && $output != *"sale create"* ]]
    run flashctl stock restock --help
    ((status == 0))
    [[ $output == *"examples:"* ]]
    run flashctl --version
    ((status == 0))
    [[ $output == "flashctl "* ]]
    for line in "" "stock" "stock sell" "stock show" "stock show x" "stock show 42 --output yaml" "stock list --rows 0"; do
        run flashctl $line
        ((status == 2))
        [[ $output == "flashctl: "* ]]
    done
    run flashctl help stock restock
    ((status == 0))
    [[ $output == *"examples:"* ]]
    run flashctl stock shwo 42
    [[ $output == *"did you mean stock show?"* ]]
    run flashctl stock show 42 --profile nope
    ((status == 2))
    [[ $output == *"no profile nope: "*"/nope.conf: No such file"* ]]
    run flashctl stock show 42
    ((status == 1))
    [[ $output == *"unknown-sku (404)"*"request id r-1"* ]]
    run flashctl stock show 42 --admin http://127.0.0.1:1
    ((status == 3))
    [[ -z $(flashctl log 42 --output csv 2>/dev/null) ]] # refused: not even the line of names
}

@test "every verb has a page in the manual, and it is built" {
    nouns=$(flashctl-pages nouns)
    [[ $(cd "$CTL" && printf '%s\n' flashctl-*.1 | sort) == $(sed 's/.*/flashctl-&.1/' <<<"$nouns" | sort) ]]
    for page in "$CTL"/flashctl*.1; do
        [[ $(man -l "$page" 2>&1) == *"EXIT STATUS"* ]]
    done
    text=$(MANWIDTH=200 man -l "$CTL/flashctl-stock.1")
    [[ $text == *"flashctl stock adjust SKU DELTA"*"--reference R"*"flashctl stock adjust 42 -5"* ]]
}

@test "completion knows nouns, verbs, options, words, files and profiles" {
    bash -n "$CTL/flashctl.bash"
    source "$CTL/flashctl.bash"
    touch delivery.csv && touch "$HOME/.config/flashctl/shop-2.conf"
    complete_line() { # WORDS...: the last one is completed
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _flashctl flashctl "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[*]}"
    }
    [[ $(complete_line flashctl st) == "stock status" ]]
    [[ $(complete_line flashctl stock re) == restock ]]
    [[ $(complete_line flashctl stock adjust 42 --re) == "--reason --reference" ]]
    [[ $(complete_line flashctl refund list --state d) == "due done" ]]
    [[ $(complete_line flashctl stock list --output j) == "json jsonl" ]]
    [[ $(complete_line flashctl import d) == delivery.csv ]]
    [[ $(complete_line flashctl status --profile s) == shop-2 ]]
    [[ $(complete_line flashctl --output json sale cl) == close ]]
    [[ $(complete_line flashctl log --type = rest) == restock ]] # --type=res, as bash splits it
    [[ $(complete_line flashctl stock list --output =) == "table json jsonl csv" ]]
    [[ $(complete_line flashctl --output = json sale cl) == close ]]
    [[ $(complete_line flashctl log 42 --wh) == "" ]]
}

# ---- stock ----

@test "stock is created, shown and listed in each format" {
    flashctl stock create 42 100 --title 'Schuh ü' --threshold 7
    [[ $(flashctl stock show 42) == *$'title                Schuh ü\n'* ]]
    [[ $(flashctl stock show 42 --output json | python 'it["total"]') == 100 ]]
    [[ $(flashctl stock list | tr -s ' ') == $'sku title total available reserved sold threshold low version\n42 Schuh ü 100 100 0 0 7 no 1' ]]
    [[ $(flashctl stock list --output json | python 'it["products"][0]["title"]') == 'Schuh ü' ]]
    [[ $(flashctl stock list --output jsonl | python 'it["product_id"]') == 42 ]]
    [[ $(flashctl stock list --output csv | python3 -c 'import csv, sys; print(list(csv.DictReader(sys.stdin))[0]["title"])') == 'Schuh ü' ]]
    [[ $(FLASHCTL_OUTPUT=jsonl flashctl stock show 42) == '{"product_id":"42",'* ]]
}

@test "what a spreadsheet would run is defused in CSV, and import reads it as it was" {
    flashctl stock create 43 1 --title '=1+1'
    [[ $(flashctl export stock | grep ^43) == "43,\"'=1+1\",1,"*,false,* ]]
    [[ $(flashctl export stock --output jsonl) == *'"title":"=1+1"'* ]]
    printf 'product_id,quantity,title\n44,1,"%s"\n' "'=1+1" >back.csv
    flashctl import back.csv
    [[ $(flashctl stock show 44 --output json | python 'it["title"]') == '=1+1' ]]
}

@test "a restock happens once per reference; an adjustment waits if asked to" {
    flashctl stock create 42 100
    for _ in 1 2 3; do flashctl stock restock 42 50 --reason 'second delivery' --reference note-7; done
    [[ $(flashctl stock show 42 --output json | python 'it["total"]') == 150 ]]
    run flashctl stock restock 42 51 --reason 'second delivery' --reference note-7
    ((status == 1))
    [[ $output == *"key-reused (409)"* ]]
    [[ $(flashctl stock adjust 42 -5 --reason broken --reference b-1 --output json | python 'it["change"]["status"]') == pending ]]
    [[ $(flashctl stock adjust 42 -6 --reason broken --reference b-2 --wait --output json | python 'it["change"]["status"]') == applied ]]
    flashctl stock threshold 42 9
    [[ $(flashctl stock show 42 --output csv | tail -n 1) == 42,,139,*,9,* ]]
}

# ---- sales ----

@test "a sale is created, changed, opened and closed; --wait waits, and gives up in time" {
    flashctl sale create 42 --quantity 10 --limit 2 --hold 10m --starts +1h --ends +2h
    flashctl sale change 42 --limit 1
    [[ $(flashctl sale show 42 --output json | python '(it["per_user_limit"], it["hold_seconds"], it["version"])') == "(1, 600, 2)" ]]
    flashctl sale open 42 --for 30m
    [[ $(flashctl sale list --output csv | tail -n 1) == 42,*,open,* ]]
    misbehave '{"settle_after": 2}'
    [[ $(flashctl sale close 42 --output json | python 'it["settled"]') == False ]]
    [[ $(flashctl sale close 42 --wait --output json | python 'it["settled"]') == True ]]
    misbehave '{"settle_after": 1000}'
    run flashctl sale close 42 --wait --timeout 1s
    ((status == 4))
    [[ $output == *"on their way"* ]]
    run flashctl sale change 43 --limit 1
    ((status == 1))
}

# ---- lists, pages, exports ----

@test "the log is read page by page, cut where asked, and says so" {
    flashctl import <(delivery 1) >/dev/null
    for i in $(seq 12); do flashctl stock restock 101 "$i" --reason r --reference "r-$i" >/dev/null; done
    [[ $(flashctl log 101 --rows all --output jsonl | wc -l) == 14 ]]
    run flashctl log 101 --rows 5 --output jsonl
    ((status == 0 && ${#lines[@]} == 6))
    [[ ${lines[5]} == *"more than 5 (--rows all"* ]]
    [[ $(flashctl log 101 --type create --output csv | wc -l) == 2 ]]
    [[ $(double | python '[row["path"] for row in it["asked"]][-1]') == "/inventory/logs/101?limit=100&type=create" ]]
    flashctl log 101 --from 2026-11-27T08:00:00+01:00 --by otto --lines >/dev/null
    [[ $(double | python 'it["asked"][-1]["path"]') == "/inventory/logs/101?limit=100&operator=otto&from=2026-11-27T07%3A00%3A00.000Z&view=lines" ]]
}

@test "an export has all pages, and a file has its name only when it is whole" {
    delivery 503 >all.csv
    flashctl import all.csv >/dev/null
    flashctl export stock --file stock.csv
    [[ $(wc -l <stock.csv) == 504 && ! -e stock.csv.part ]]
    [[ $(flashctl export log --output jsonl | wc -l) == 1006 ]]
    misbehave '{"fault": {"status": 500, "slug": "broken", "times": 1, "path": "/inventory/logs/500"}}'
    run flashctl export log --file log.csv
    ((status == 1))
    [[ ! -e log.csv && ! -e log.csv.part ]]
    run bash -c 'flashctl export log | head -n 1'
    [[ ${lines[0]} == at,type,* ]]
}

@test "a rate limit is waited for" {
    flashctl stock create 42 1
    misbehave '{"fault": {"status": 429, "slug": "too-many-requests", "times": 2, "retry_after": 1}}'
    flashctl stock show 42
}

# ---- import ----

@test "an import with errors changes nothing and names the lines" {
    printf 'product_id,quantity\n42,x\n0,1\n43,5\n43,6\n' >bad.csv
    run flashctl import bad.csv
    ((status == 2))
    [[ $output == *"bad.csv:2: quantity"*"bad.csv:3: product_id"*"bad.csv:5: SKU 43 is already on line 4"* ]]
    [[ $(double | python 'len(it["asked"])') == 0 ]]
    flashctl stock create 43 1 --title Hat
    printf 'product_id,quantity,title\n42,1,Shoe\n43,1,Cap\n' >other.csv
    run flashctl import other.csv
    ((status == 1))
    [[ $output == *"other.csv:3: the SKU is there with another title"*"nothing was changed"* ]]
    [[ $(double | python 'it["totals"]') == "{'43': 1}" ]]
}

@test "--check says what would happen" {
    delivery 3 >new.csv
    [[ $(flashctl import new.csv --check --output json | python '(it["created"], it["restocked"], it["units"])') == "(3, 3, 21)" ]]
    [[ $(double | python 'it["totals"]') == "{}" ]]
}

@test "an import adds to what is there, once, whatever the file is called" {
    flashctl stock create 102 100 --title 'Shoe 102'
    delivery 3 >new.csv
    [[ $(flashctl import new.csv --output json | python '(it["created"], it["restocked"], it["thresholds"], it["already_there"])') == "(2, 3, 1, 0)" ]]
    mv new.csv again.csv
    [[ $(flashctl import again.csv --output json | python '(it["created"], it["restocked"], it["already_there"])') == "(0, 0, 3)" ]]
    [[ $(double | python 'sorted(it["totals"].items())') == "[('101', 7), ('102', 107), ('103', 7)]" ]]
    flashctl import again.csv --reference note-8 >/dev/null
    [[ $(double | python 'it["totals"]["102"]') == 114 ]]
}

@test "an import that is killed anywhere goes on when it is started again" {
    delivery 60 >new.csv
    for changes in 5 40 77; do
        misbehave '{"hold_after": '$changes'}'
        flashctl import new.csv >/dev/null &
        local import=$!
        until (($(double | python 'it["changed"]') == changes)); do kill -0 "$import"; done
        kill -KILL "$import"
        wait "$import" || true
    done
    misbehave '{"hold_after": null, "fault": {"status": 503, "slug": "ledger-unavailable", "times": 1, "retry_after": 1, "method": "POST"}}'
    flashctl import new.csv
    [[ $(double | python 'set(it["totals"].values()), len(it["totals"])') == "({7}, 60)" ]]
}

# ---- profiles and secrets ----

@test "a profile gives address, token and output; its token goes nowhere else" {
    local conf=$HOME/.config/flashctl
    echo secret-token >token
    printf 'admin = %s\ntoken-file = %s\noutput = jsonl\n' "$FLASHCTL_ADMIN" "$PWD/token" >"$conf/shop.conf"
    local elsewhere=${FLASHCTL_ADMIN/127.0.0.1/localhost}
    flashctl stock create 42 1
    unset FLASHCTL_ADMIN
    [[ $(flashctl stock show 42 --profile shop) == '{"product_id":"42",'* ]]
    [[ $(FLASHCTL_PROFILE=shop flashctl stock show 42) == '{"product_id":"42",'* ]]
    FLASHCTL_PROFILE=shop flashctl stock show 42 --admin "$elsewhere"
    export FLASHCTL_ADMIN=$elsewhere
    [[ $(double | python '[row["token"] for row in it["asked"]][-3:]') == "['Bearer secret-token', 'Bearer secret-token', None]" ]]
    chmod 644 token
    run flashctl stock show 42 --profile shop
    ((status == 2))
    [[ $output == *"chmod 600"* ]]
    chmod 600 token
    chmod 666 "$conf/shop.conf"
    run flashctl stock show 42 --profile shop
    ((status == 2))
    [[ $output == *"others may write it"* ]]
    run flashctl stock show 42 --profile absent
    ((status == 2))
    echo 'sku = 42' >"$conf/odd.conf"
    run flashctl stock show 42 --profile odd
    ((status == 2))
    [[ $output == *"odd.conf: sku: nothing a profile may say"* ]]
}

# ---- watching ----

@test "status: ready, not ready with the reason, not there" {
    local url=$FLASHCTL_ADMIN
    run flashctl status --engine "$url" --consumer "$url" --reconciler "$url"
    ((status == 0))
    [[ $output == *"reconciler"*"ready"* ]]
    misbehave '{"not_ready": "no answer for 3 s"}'
    run flashctl status
    ((status == 1))
    [[ $output == *"flash-engine is not looked at"*"redis"*"not ready"*"no answer for 3 s"* ]]
    run flashctl status --engine http://127.0.0.1:1 --output csv
    ((status == 3))
    [[ $output == *"engine,all,no answer,"* ]]
}

@test "top: a row an interval, or a picture on a terminal" {
    [[ $(flashctl top --interval 1s --frames 2 --output csv | cut -d, -f2) == $'rates.accepted_per_s\r\n1502.3\r\n1502.3' ]] ||
        [[ $(flashctl top --interval 1s --frames 2 --output csv | cut -d, -f2) == $'rates.accepted_per_s\n1502.3\n1502.3' ]]
    [[ $(flashctl top --frames 1 | wc -l) == 2 ]]
    script -qec 'flashctl top --frames 1' picture </dev/null >/dev/null
    [[ $(<picture) == *$'\e[?1049h'*"not ready: no broker"*"1502.3"*$'\e[?1049l'* ]]
}

@test "colours on a terminal only, and never with NO_COLOR" {
    flashctl sale create 42 --quantity 10
    [[ $(flashctl sale list) != *$'\e['* ]]
    TERM=xterm script -qec 'flashctl sale list' coloured </dev/null >/dev/null
    [[ $(<coloured) == *$'\e[32mopen'* ]]
    NO_COLOR=1 TERM=xterm script -qec 'flashctl sale list' plain </dev/null >/dev/null
    [[ $(<plain) != *$'\e['* ]]
}

# ---- the rest ----

@test "refunds, tokens, a pass of reconcile" {
    [[ $(flashctl refund list --output jsonl | wc -l) == 3 ]]
    [[ $(flashctl refund list --state done | wc -l) == 1 ]]
    flashctl refund list --sku 42 >/dev/null
    [[ $(double | python 'it["asked"][-1]["path"]') == "/v1/refunds?limit=500&sku=42&state=due" ]]
    [[ $(flashctl reconcile run --output json | python 'it["asked"]') == True ]]
    printf '%040d\n' 7 >key
    [[ $(flashctl token --user anna --role admin --key-file key) == *.*.* ]]
    chmod 640 key
    run flashctl token --user anna --key-file key
    ((status == 2))
}
