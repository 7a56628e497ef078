// A client for load and latency, on libcurl's multi interface: one thread, many executions at a time.
//
//   direct --e2b URL     the three calls of an execution, straight to E2B: what the work costs without the responder
//   direct --url URL     one POST, of an execution to the responder unless told otherwise:
//          --body FILE   what is sent; ## in it becomes a number of two digits, another one for each of -c
//          --header LINE a further header field
//          --has TEXT    what the last 256 bytes of the answer have to hold
//   direct --get URL     one GET; --header and --has as above
//
// With --url and --get again there are several targets, which have their turns. Each has a line of the output.
//
//   -c N         executions at a time (1)          -n N         stop after N of them
//   -d SECONDS   stop after that time              --rate R     start R a second, however long they take (open loop)
//   --cacert F   trust this authority
//
// An execution's time runs from when it was due (with --rate) or started to the end of its answer. The kill comes after
// the answer, here as in the responder, and is not in that time. Prints one line of name=value for each target.
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>

static const char *code_body = "{\"code\":\"print('Hello, World!')\"}";
static const char *create_body = "{\"templateID\":\"code-interpreter-v1\",\"timeout\":150,\"secure\":true}";

enum { max_targets = 4 };

typedef enum { step_create, step_execute, step_kill, step_single } step;

typedef struct {
    const char *url, *body, *has;
    long body_count;
    struct curl_slist *headers;
    double *times;
    long finished, failures, capacity;
} target;

typedef struct {
    CURL *easy;
    target *target;
    struct curl_slist *headers; // of a step to E2B; a target has its own
    step step;
    double since;
    int number, busy, failed;
    char sandbox[64];
    char *body;      // the target's, with this slot's number
    char head[1024]; // of the answer: the sandbox's id is there
    char tail[256];  // of the answer: what shows that it is whole
    size_t head_count, tail_count;
} slot;

static struct {
    const char *e2b, *cacert;
    int slots, targets;
    long count;
    double seconds, rate;
    target target[max_targets];
} options = {.slots = 1};

static CURLM *multi;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static size_t receive(char *bytes, size_t size, size_t count, void *context) {
    slot *s = context;
    (void)size;
    size_t room = sizeof s->head - 1 - s->head_count, part = count < room ? count : room;
    memcpy(s->head + s->head_count, bytes, part);
    s->head_count += part;
    s->head[s->head_count] = 0;

    if (count >= sizeof s->tail) {
        memcpy(s->tail, bytes + count - sizeof s->tail, sizeof s->tail);
        s->tail_count = sizeof s->tail;
    } else {
        size_t kept = s->tail_count + count > sizeof s->tail ? sizeof s->tail - count : s->tail_count;
        memmove(s->tail, s->tail + s->tail_count - kept, kept);
        memcpy(s->tail + kept, bytes, count);
        s->tail_count = kept + count;
    }
    return count;
}

static int tail_has(const slot *s, const char *text) {
    return memmem(s->tail, s->tail_count, text, strlen(text)) != NULL;
}

/// The target's body, with the slot's number where there is a place for one.
static const char *numbered(slot *s) {
    const target *t = s->target;
    char *place = t->body ? memmem(t->body, (size_t)t->body_count, "##", 2) : NULL;
    if (place == NULL) return t->body;
    s->body = realloc(s->body, (size_t)t->body_count);
    memcpy(s->body, t->body, (size_t)t->body_count);
    s->body[place - t->body] = (char)('0' + s->number / 10 % 10);
    s->body[place - t->body + 1] = (char)('0' + s->number % 10);
    return s->body;
}

static void begin(slot *s, step step) {
    char url[512];
    s->step = step;
    s->head_count = s->tail_count = 0;
    s->head[0] = 0;
    curl_slist_free_all(s->headers);
    s->headers = step == step_single ? NULL : curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, NULL);
    const char *body = step == step_create ? create_body : step == step_single ? numbered(s) : code_body;
    switch (step) {
    case step_create:
        snprintf(url, sizeof url, "%s/sandboxes", options.e2b);
        s->headers = curl_slist_append(s->headers, "X-API-Key: e2b_0000000000000000000000000000000000000000");
        break;
    case step_execute: {
        char route[128];
        snprintf(url, sizeof url, "%s/execute", options.e2b);
        snprintf(route, sizeof route, "E2b-Sandbox-Id: %s", s->sandbox);
        s->headers = curl_slist_append(s->headers, route);
        s->headers = curl_slist_append(s->headers, "E2b-Sandbox-Port: 49999");
        break;
    }
    case step_kill: snprintf(url, sizeof url, "%s/sandboxes/%s", options.e2b, s->sandbox); break;
    case step_single: snprintf(url, sizeof url, "%s", s->target->url); break;
    }
    if (body == NULL || step == step_kill) {
        curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
        if (step == step_kill) curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    } else {
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, step == step_single ? s->target->body_count : -1L);
    }
    // As E2B's clients do: a closed connection has to stop the code.
    curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION,
                     (long)(step == step_execute ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    // As the responder does: share the HTTP/2 connection that is being made. A handshake for each would make us look good.
    curl_easy_setopt(s->easy, CURLOPT_PIPEWAIT,
                     (long)(step != step_execute && options.e2b && !strncmp(options.e2b, "https", 5)));
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, step == step_single ? s->target->headers : s->headers);
    curl_multi_add_handle(multi, s->easy);
}

static void record(slot *s) {
    target *t = s->target;
    if (t->finished == t->capacity)
        t->times = realloc(t->times, sizeof *t->times * (t->capacity = t->capacity ? t->capacity * 2 : 4096));
    t->times[t->finished++] = now() - s->since;
}

/// Says what was wrong, the first few times.
static int check(const slot *s, int ok, CURLcode result, long status) {
    static int told;
    if (ok || told++ >= 3) return !ok;
    fprintf(stderr, "direct: step %d: %s, status %ld: %.300s\n", s->step, curl_easy_strerror(result), status, s->head);
    return 1;
}

/// What a finished request leads to.
static void advance(slot *s, CURLcode result) {
    long status = 0;
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi, s->easy);
    int ok = result == CURLE_OK;
    switch (s->step) {
    case step_create: {
        char *id = strstr(s->head, "\"sandboxID\":\"");
        if (!ok || status != 201 || id == NULL || sscanf(id + 13, "%63[a-z0-9]", s->sandbox) != 1) break;
        begin(s, step_execute);
        return;
    }
    case step_execute:
        s->failed = check(s, ok && status == 200 && tail_has(s, "end_of_execution"), result, status);
        record(s);
        begin(s, step_kill);
        return;
    case step_kill:
        s->target->failures += s->failed | check(s, ok && status == 204, result, status);
        s->busy = 0;
        return;
    case step_single:
        s->target->failures +=
            check(s, ok && status == 200 && (!s->target->has || tail_has(s, s->target->has)), result, status);
        record(s);
        s->busy = 0;
        return;
    }
    s->target->failures += check(s, 0, result, status);
    record(s);
    s->busy = 0;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const target *t, double q) {
    return t->finished ? t->times[(long)(q * (t->finished - 1) + 0.5)] * 1e3 : NAN;
}

static void read_body(target *t, const char *path) {
    static char bytes[1 << 16];
    FILE *file = fopen(path, "rb");
    if (file == NULL) perror(path), exit(2);
    t->body_count = (long)fread(bytes, 1, sizeof bytes, file);
    char *body = malloc((size_t)t->body_count + 1);
    memcpy(body, bytes, (size_t)t->body_count);
    t->body = body;
    fclose(file);
}

static target *add_target(const char *url) {
    if (options.targets == max_targets) fprintf(stderr, "direct: too many targets\n"), exit(2);
    target *t = &options.target[options.targets++];
    t->url = url;
    return t;
}

static void parse(int count, char **words) {
    target *t = NULL;
    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = words[i], *value = words[i + 1];
        if (!strcmp(name, "--e2b")) {
            t = add_target(NULL);
            options.e2b = value;
        } else if (!strcmp(name, "--url")) {
            t = add_target(value);
            t->body = code_body;
            t->body_count = (long)strlen(code_body);
            t->has = "]}]";
        } else if (!strcmp(name, "--get")) t = add_target(value);
        else if (!strcmp(name, "--body") && t) read_body(t, value);
        else if (!strcmp(name, "--header") && t) t->headers = curl_slist_append(t->headers, value);
        else if (!strcmp(name, "--has") && t) t->has = value;
        else if (!strcmp(name, "--cacert")) options.cacert = value;
        else if (!strcmp(name, "--rate")) options.rate = atof(value);
        else if (!strcmp(name, "-c")) options.slots = atoi(value);
        else if (!strcmp(name, "-n")) options.count = atol(value);
        else if (!strcmp(name, "-d")) options.seconds = atof(value);
        else fprintf(stderr, "direct: unknown option %s\n", name), exit(2);
    }
    for (int i = 0; i < options.targets; i++) {
        target *t = &options.target[i];
        int is_typed = !t->body;
        for (struct curl_slist *line = t->headers; line; line = line->next)
            is_typed |= !strncasecmp(line->data, "Content-Type:", 13);
        if (!is_typed) t->headers = curl_slist_append(t->headers, "Content-Type: application/json");
    }
    if (count % 2 == 0 || options.targets < 1 || (options.e2b && options.targets > 1) || options.slots < 1 || !(options.count > 0 || options.seconds > 0)) {
        fprintf(stderr, "usage: direct (--e2b|--url|--get) URL… (-n N|-d SECONDS) [-c N] [--rate R] [--cacert FILE]\n");
        exit(2);
    }
}

int main(int count, char **words) {
    parse(count, words);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L * options.slots);
    slot *slots = calloc(options.slots, sizeof *slots);
    for (int i = 0; i < options.slots; i++) {
        slots[i].number = i;
        CURL *easy = slots[i].easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &slots[i]);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &slots[i]);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT, 120L);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
        if (options.cacert) curl_easy_setopt(easy, CURLOPT_CAINFO, options.cacert);
    }

    double start = now();
    for (long started = 0, running = 0;;) {
        double time = now();
        int more = (!options.count || started < options.count) && (!options.seconds || time - start < options.seconds);
        double due = options.rate ? start + started / options.rate : time;
        for (int i = 0; more && due <= time && i < options.slots; i++) {
            if (slots[i].busy) continue;
            slots[i].busy = 1;
            slots[i].failed = 0;
            slots[i].since = due;
            slots[i].target = &options.target[started % options.targets];
            begin(&slots[i], options.e2b ? step_create : step_single);
            started++;
            more = !options.count || started < options.count;
            due = options.rate ? start + started / options.rate : time;
        }
        int active, left;
        curl_multi_perform(multi, &active);
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
            slot *s;
            CURLcode result = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &s);
            advance(s, result);
        }
        running = 0;
        for (int i = 0; i < options.slots; i++) running += slots[i].busy;
        if (!more && running == 0) break;
        double wait = !more || running == options.slots ? 1 : options.rate ? due - now() : 0;
        // poll counts milliseconds: the last one before a start is spent in a shorter sleep.
        if (wait >= 0.002) curl_multi_poll(multi, NULL, 0, (int)(wait * 1e3) - 1, NULL);
        else if (wait > 0) nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    double seconds = now() - start;

    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    long finished = 0;
    for (int i = 0; i < options.targets; i++) finished += options.target[i].finished;
    for (int i = 0; i < options.targets; i++) {
        target *t = &options.target[i];
        qsort(t->times, (size_t)t->finished, sizeof *t->times, ascending);
        printf("count=%ld errors=%ld per_second=%.1f cpu_per_1000=%.3f p50_ms=%.3f p99_ms=%.3f max_ms=%.3f\n",
               t->finished, t->failures, t->finished / seconds, cpu / finished * 1e3, quantile(t, 0.5),
               quantile(t, 0.99), quantile(t, 1));
    }
    return finished == 0;
}
