package ws

import "strings"

// traceID is the trace-id of a W3C traceparent header, or empty where the header
// isn't one. A later version than 00 may have more fields behind the four.
func traceID(traceparent string) string {
	const length = len("00-") + 32 + len("-") + 16 + len("-00")
	if len(traceparent) < length {
		return ""
	}
	version, trace, parent, flags := traceparent[:2], traceparent[3:35], traceparent[36:52], traceparent[53:55]
	switch {
	case traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-',
		version == "ff",
		version == "00" && len(traceparent) > length,
		len(traceparent) > length && traceparent[length] != '-',
		!isLowerHex(version) || !isLowerHex(trace) || !isLowerHex(parent) || !isLowerHex(flags),
		strings.Trim(trace, "0") == "" || strings.Trim(parent, "0") == "":
		return ""
	}
	return strings.Clone(trace)
}

func isLowerHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}
