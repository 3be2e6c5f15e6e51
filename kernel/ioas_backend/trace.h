/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints, for ftrace and perf: what was asked for and what came of it. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ioas_backend

#if !defined(IOASB_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IOASB_TRACE_H

#include <linux/tracepoint.h>

/* clang-format off */
DECLARE_EVENT_CLASS(ioasb_range,
	TP_PROTO(u64 ctx, u32 ioas_id, u64 iova, u64 length, u64 value, int result),
	TP_ARGS(ctx, ioas_id, iova, length, value, result),
	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u64, iova)
		__field(u64, length)
		__field(u64, value)
		__field(u32, ioas_id)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->ctx = ctx;
		__entry->iova = iova;
		__entry->length = length;
		__entry->value = value;
		__entry->ioas_id = ioas_id;
		__entry->result = result;
	),
	TP_printk("context=%llu ioas=%u iova=%#llx length=%#llx value=%#llx result=%d",
		  __entry->ctx, __entry->ioas_id, __entry->iova, __entry->length,
		  __entry->value, __entry->result)
);

/* value: the flags. MAP, MAP_FILE and COPY */
DEFINE_EVENT(ioasb_range, ioasb_map,
	TP_PROTO(u64 ctx, u32 ioas_id, u64 iova, u64 length, u64 value, int result),
	TP_ARGS(ctx, ioas_id, iova, length, value, result)
);

/* value: how many bytes were unmapped */
DEFINE_EVENT(ioasb_range, ioasb_unmap,
	TP_PROTO(u64 ctx, u32 ioas_id, u64 iova, u64 length, u64 value, int result),
	TP_ARGS(ctx, ioas_id, iova, length, value, result)
);

/* negative: given back */
TRACE_EVENT(ioasb_charge,
	TP_PROTO(u32 uid, u32 account, s64 npages, int result),
	TP_ARGS(uid, account, npages, result),
	TP_STRUCT__entry(
		__field(s64, npages)
		__field(u32, uid)
		__field(u32, account)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->npages = npages;
		__entry->uid = uid;
		__entry->account = account;
		__entry->result = result;
	),
	TP_printk("uid=%u account=%u npages=%lld result=%d", __entry->uid, __entry->account,
		  __entry->npages, __entry->result)
);
/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
