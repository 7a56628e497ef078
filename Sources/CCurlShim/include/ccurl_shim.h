#pragma once
#include <curl/curl.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call.
// One wrapper for each argument type keeps the type check that the variadic call drops.

// Values of options that take a long. Versions of libcurl write them as enumerators, as int macros or as long macros, which
// Swift imports as different types; here they are always a long.
static const long ccurl_ssl_version_tls_1_2 = CURL_SSLVERSION_TLSv1_2;
static const long ccurl_http_version_1_1 = CURL_HTTP_VERSION_1_1;
static const long ccurl_http_version_2_tls = CURL_HTTP_VERSION_2TLS;
static const long ccurl_pipe_nothing = CURLPIPE_NOTHING;
static const long ccurl_auth_basic = CURLAUTH_BASIC;
static const long ccurl_global_default = CURL_GLOBAL_DEFAULT;

CURLcode ccurl_set_long(CURL *_Nonnull easy, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *_Nonnull easy, CURLoption option, curl_off_t value);
CURLcode ccurl_set_string(CURL *_Nonnull easy, CURLoption option, const char *_Nullable value);
CURLcode ccurl_set_pointer(CURL *_Nonnull easy, CURLoption option, const void *_Nullable value);
CURLcode ccurl_set_list(CURL *_Nonnull easy, CURLoption option, const struct curl_slist *_Nullable value);

typedef size_t (*ccurl_data_callback)(char *_Nullable bytes, size_t size, size_t count, void *_Nullable context);
CURLcode ccurl_set_data_callback(CURL *_Nonnull easy, CURLoption option, ccurl_data_callback _Nullable callback);

typedef int (*ccurl_seek_callback)(void *_Nullable context, curl_off_t offset, int origin);
CURLcode ccurl_set_seek_callback(CURL *_Nonnull easy, ccurl_seek_callback _Nullable callback);

typedef int (*ccurl_prereq_callback)(
    void *_Nullable context, char *_Nullable remote_ip, char *_Nullable local_ip, int remote_port, int local_port);
CURLcode ccurl_set_prereq_callback(CURL *_Nonnull easy, ccurl_prereq_callback _Nullable callback);

typedef int (*ccurl_sockopt_callback)(void *_Nullable context, curl_socket_t socket, curlsocktype purpose);
CURLcode ccurl_set_sockopt_callback(CURL *_Nonnull easy, ccurl_sockopt_callback _Nullable callback);

CURLcode ccurl_get_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value);
CURLcode ccurl_get_offset(CURL *_Nonnull easy, CURLINFO info, curl_off_t *_Nonnull value);
/// What CURLOPT_PRIVATE was set to.
void *_Nullable ccurl_get_private(CURL *_Nonnull easy);

CURLMcode ccurl_multi_set_long(CURLM *_Nonnull multi, CURLMoption option, long value);

typedef int (*ccurl_socket_callback)(
    CURL *_Nullable easy, curl_socket_t socket, int what, void *_Nullable context, void *_Nullable assigned);
CURLMcode ccurl_multi_set_socket_callback(
    CURLM *_Nonnull multi, ccurl_socket_callback _Nonnull callback, void *_Nullable context);
