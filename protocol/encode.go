package protocol

import (
	"bytes"
	"encoding/json"
)

// Marshal is json.Marshal without its escapes for HTML: a chat full of < and &
// would grow sixfold on its way to the backend. Events and answers are written
// with it.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
