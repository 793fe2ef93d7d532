package php

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// front is what a web server does in front of PHP-FPM: each request goes to one
// script, by FastCGI on a Unix socket.
type front struct{ socket, script string }

// Kinds of FastCGI records (FastCGI 1.0, section 8).
const (
	fcgiBegin  = 1
	fcgiEnd    = 3
	fcgiParams = 4
	fcgiStdin  = 5
	fcgiStdout = 6
)

func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := f.serve(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

func (f front) serve(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	conn, err := net.Dial("unix", f.socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	var request bytes.Buffer
	record(&request, fcgiBegin, []byte{0, 1, 0, 0, 0, 0, 0, 0}) // a responder; the connection ends with it
	record(&request, fcgiParams, f.params(r, len(body)))
	record(&request, fcgiParams, nil)
	for len(body) > 0 {
		n := min(len(body), 65535)
		record(&request, fcgiStdin, body[:n])
		body = body[n:]
	}
	record(&request, fcgiStdin, nil)
	if _, err := conn.Write(request.Bytes()); err != nil {
		return err
	}
	answer, err := stdout(conn)
	if err != nil {
		return err
	}
	return answerAs(w, answer)
}

func record(to *bytes.Buffer, kind byte, content []byte) {
	to.Write([]byte{1, kind, 0, 1})
	_ = binary.Write(to, binary.BigEndian, uint16(len(content)))
	to.Write([]byte{0, 0})
	to.Write(content)
}

func (f front) params(r *http.Request, length int) []byte {
	params := map[string]string{
		"SCRIPT_FILENAME": f.script, "REQUEST_METHOD": r.Method, "QUERY_STRING": r.URL.RawQuery, "REQUEST_URI": r.URL.RequestURI(),
		"SERVER_PROTOCOL": r.Proto, "CONTENT_LENGTH": strconv.Itoa(length), "CONTENT_TYPE": r.Header.Get("Content-Type"),
	}
	for name, values := range r.Header {
		params["HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))] = values[0]
	}
	var encoded bytes.Buffer
	for name, value := range params {
		for _, s := range []string{name, value} {
			_ = binary.Write(&encoded, binary.BigEndian, uint32(len(s))|1<<31)
		}
		encoded.WriteString(name + value)
	}
	return encoded.Bytes()
}

// stdout is all that the script has printed, headers in front.
func stdout(from io.Reader) ([]byte, error) {
	var printed []byte
	in := bufio.NewReader(from)
	for {
		var header [8]byte
		if _, err := io.ReadFull(in, header[:]); err != nil {
			return nil, fmt.Errorf("FPM ended the connection: %w", err)
		}
		content := make([]byte, int(binary.BigEndian.Uint16(header[4:6]))+int(header[6]))
		if _, err := io.ReadFull(in, content); err != nil {
			return nil, err
		}
		switch header[1] {
		case fcgiStdout:
			printed = append(printed, content[:len(content)-int(header[6])]...)
		case fcgiEnd:
			return printed, nil
		}
	}
}

// answerAs answers with what a script has printed, as CGI has it.
func answerAs(w http.ResponseWriter, printed []byte) error {
	in := bufio.NewReader(bytes.NewReader(printed))
	header, err := textproto.NewReader(in).ReadMIMEHeader()
	if err != nil {
		return err
	}
	status := http.StatusOK
	if s := header.Get("Status"); s != "" {
		if status, err = strconv.Atoi(s[:3]); err != nil {
			return err
		}
	}
	for name := range header {
		w.Header().Set(name, header.Get(name))
	}
	w.WriteHeader(status)
	_, err = io.Copy(w, in)
	return err
}
