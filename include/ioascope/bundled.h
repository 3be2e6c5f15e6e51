/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments that the programs of the bundled backend read (include/ioascope/hooks.h).
 * X(name, function, parameter)
 */
#ifndef IOASCOPE_BUNDLED_H
#define IOASCOPE_BUNDLED_H

#define BUNDLED_ARGS(X)                                                                            \
	X(BD_OPENED, "ioasb_hook_opened", "note")                                                  \
	X(BD_CLOSING, "ioasb_hook_closing", "note")                                                \
	X(BD_CLOSED, "ioasb_hook_closed", "note")                                                  \
	X(BD_CALL_CTX, "ioasb_hook_call", "ctx")                                                   \
	X(BD_CALL_NR, "ioasb_hook_call", "nr")                                                     \
	X(BD_CALL_ARGS, "ioasb_hook_call", "args")                                                 \
	X(BD_ANSWER_NR, "ioasb_hook_answer", "nr")                                                 \
	X(BD_ANSWER_ARGS, "ioasb_hook_answer", "args")                                             \
	X(BD_ANSWER_RESULT, "ioasb_hook_answer", "result")                                         \
	X(BD_IOAS_NEW, "ioasb_hook_ioas_new", "note")                                              \
	X(BD_IOAS_GONE, "ioasb_hook_ioas_gone", "note")                                            \
	X(BD_AREA_ADDED, "ioasb_hook_area_added", "note")                                          \
	X(BD_AREA_GOING, "ioasb_hook_area_going", "note")                                          \
	X(BD_AREA_GONE, "ioasb_hook_area_gone", "note")                                            \
	X(BD_AREA_SPLIT, "ioasb_hook_area_split", "note")                                          \
	X(BD_AREA_MERGED, "ioasb_hook_area_merged", "note")                                        \
	X(BD_AREA_FILLED, "ioasb_hook_area_filled", "note")                                        \
	X(BD_AREA_EMPTIED, "ioasb_hook_area_emptied", "note")                                      \
	X(BD_PAGES_NEW, "ioasb_hook_pages_new", "note")                                            \
	X(BD_PAGES_GONE, "ioasb_hook_pages_gone", "note")                                          \
	X(BD_PINNED, "ioasb_hook_pinned", "note")                                                  \
	X(BD_UNPINNED, "ioasb_hook_unpinned", "note")                                              \
	X(BD_CHARGED, "ioasb_hook_charged", "note")                                                \
	X(BD_OWNER, "ioasb_hook_owner", "note")                                                    \
	X(BD_TCE_CHARGED, "ioasb_hook_tce_charged", "note")                                        \
	X(BD_RANGE_ADDED, "ioasb_hook_range_added", "note")                                        \
	X(BD_RANGE_GONE, "ioasb_hook_range_gone", "note")                                          \
	X(BD_ATTACHED, "ioasb_hook_attached", "note")                                              \
	X(BD_DETACHED, "ioasb_hook_detached", "note")                                              \
	X(BD_CLIENT_NEW, "ioasb_hook_client_new", "note")                                          \
	X(BD_CLIENT_GONE, "ioasb_hook_client_gone", "note")                                        \
	X(BD_CLIENT_PIN, "ioasb_hook_client_pin", "note")                                          \
	X(BD_CLIENT_UNPIN, "ioasb_hook_client_unpin", "note")                                      \
	X(BD_CLIENT_CALL, "ioasb_hook_client_call", "note")                                        \
	X(BD_CLIENT_ANSWER, "ioasb_hook_client_answer", "note")                                    \
	X(BD_CLIENT_ASKED, "ioasb_hook_client_asked", "note")                                      \
	X(BD_CLIENT_LET_GO, "ioasb_hook_client_let_go", "note")

#endif
