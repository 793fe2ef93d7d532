package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecretFile is far above any list of secrets, in bytes. Another file was meant where there is more.
const maxSecretFile = 64 << 10

// fileSuffix ends the environment name of a setting that names a file with another.
const fileSuffix = "_FILE"

// withFiles puts behind each setting that may hold a secret one that names a file with it,
// which is how Docker, Swarm and Kubernetes hand secrets over.
func withFiles(keys []Key) []Key {
	var all []Key
	for _, k := range keys {
		all = append(all, k)
		if !k.mayBeSecret() {
			continue
		}
		all = append(all, Key{
			Env: k.Env + fileSuffix, YAML: k.YAML + "_file", Kind: "file", Section: k.Section, holds: k.flat(),
			Doc:  "A file that holds `" + k.Env + "`, instead of it.",
			read: func(*Config, any) error { return nil }, // it was, before all others
		})
	}
	return all
}

// mayBeSecret says whether a value of this setting, or a part of one, is hidden.
func (k Key) mayBeSecret() bool { return k.Env != "" && (k.Secret || k.show != nil) }

// readFiles gives the settings that stand in files the values from there.
func (l *Loaded) readFiles() {
	for _, k := range keys {
		if k.holds == "" || !l.given(k.flat()) {
			continue
		}
		if l.given(k.holds) {
			l.found(k.flat(), "stands beside "+keyOf(k.holds).Env+"; one of the two is expected")
			continue
		}
		path, err := scalar(l.values.Get(k.flat()))
		if err != nil {
			l.fault(k, err)
			continue
		}
		value, err := readSecretFile(path)
		if err != nil {
			l.fault(k, err)
			continue
		}
		l.sources[k.holds] = path
		_ = l.values.Set(k.holds, value) // of a flat name it never fails
	}
}

// ReadSecret gives the one secret that a file holds, without the newline at its end.
func ReadSecret(path string) (string, error) {
	secret, err := readSecretFile(path)
	if err == nil && strings.Contains(secret, "\n") {
		return "", fmt.Errorf("%s has several lines; one is expected", path)
	}
	return secret, err
}

// readSecretFile gives the lines of a file that aren't empty, with one newline between two. No error
// has a part of them.
func readSecretFile(path string) (string, error) {
	content, err := readUpTo(path, maxSecretFile)
	if err != nil {
		var inside *os.PathError
		if errors.As(err, &inside) {
			err = fmt.Errorf("%s can't be read: %w", path, inside.Err)
		}
		return "", err
	}
	if bytes.ContainsRune(content, 0) {
		return "", fmt.Errorf("%s isn't text", path)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // as some editors begin a file
	var lines []string
	for line := range strings.FieldsFuncSeq(string(content), func(r rune) bool { return r == '\r' || r == '\n' }) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if strings.HasPrefix(strings.TrimPrefix(line, "export "), Prefix) && strings.Contains(line, "=") {
			return "", fmt.Errorf("%s has the lines of an env file; the secret alone is expected, without its name", path)
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return "", fmt.Errorf("%s is empty", path)
	}
	return strings.Join(lines, "\n"), nil
}

// readUpTo is a file's content; one of more bytes is an error.
func readUpTo(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("%s has more than %s", path, sizeText(most))
	}
	return content, err
}
