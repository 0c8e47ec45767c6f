import { Group, SegmentedControl, Text, Textarea } from "@mantine/core";
import {
  useEffect,
  useImperativeHandle,
  useRef,
  useState,
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from "react";
import { useTranslation } from "react-i18next";

import type { Autosave } from "@/api/types";
import { useAutosave } from "@/hooks/useAutosave";
import type { SaveStatus } from "@/lib/autosaver";

import { Markdown } from "../markdown/Markdown";
import { ConflictNotice } from "../work/ConflictNotice";
import classes from "./TurnEditor.module.css";
import { blankTurn, isBlank, parseTurnText, type TurnText } from "./turnText";

export interface TurnEditorHandle {
  /** Puts a draft in, after what is there already. */
  insert: (text: string, draft: number) => void;
  setRole: (role: TurnText["role"]) => void;
  /** The turn is part of the conversation now, or given up: nothing is in progress any more. */
  clear: () => Promise<void>;
  focus: () => void;
}

interface Props {
  assignment: number;
  position: number;
  autosaves: readonly Autosave[];
  /** What an edit begins with; a new turn begins blank. */
  original: TurnText;
  roles: readonly TurnText["role"][];
  preview: boolean;
  label: string;
  placeholder?: string;
  maxCharacters?: number;
  /** The draft that Tab takes word by word. */
  suggestion?: { id: number; text: string } | null;
  onChange?: (text: TurnText) => void;
  onStatus?: (status: SaveStatus) => void;
  /** Plain Enter ends the turn, as in a chat; otherwise it begins a line. */
  onEnter?: () => void;
  buttons?: (text: TurnText) => ReactNode;
  /** Ready to type as the page opens. */
  focusAtOnce?: boolean;
  ref?: Ref<TurnEditorHandle>;
}

/** The next word of the suggestion, if the text so far is how it begins. */
function nextWord(text: string, suggestion: string): string | null {
  if (!suggestion.startsWith(text)) return null;
  return /^\s*\S+/.exec(suggestion.slice(text.length))?.[0] ?? null;
}

/** Writes one turn: saved as it grows, previewed as it will be shown. */
export function TurnEditor({ ref, ...props }: Props) {
  const { assignment, position, autosaves, original, roles, maxCharacters, suggestion } = props;
  const { onChange, onStatus } = props;
  const { t } = useTranslation();
  const area = useRef<HTMLTextAreaElement>(null);
  const { saver, status, theirs } = useAutosave<TurnText>({
    assignment,
    turn: position,
    autosaves,
    parse: parseTurnText,
  });
  const [text, setText] = useState<TurnText>(() => {
    const kept = saver.initial;
    return kept === null || isBlank(kept) ? original : kept;
  });
  const role = roles.includes(text.role) ? text.role : (roles[0] ?? original.role);

  // Told in the same breath, so that a key pressed right after finds the page up to date.
  const show = (next: TurnText) => {
    setText(next);
    onChange?.({ ...next, role: roles.includes(next.role) ? next.role : role });
  };
  const change = (next: TurnText) => {
    show(next);
    saver.change(next);
  };
  const first = useRef({ ...text, role });
  useEffect(() => onChange?.(first.current), [onChange]);
  useEffect(() => onStatus?.(status), [onStatus, status]);
  const { focusAtOnce } = props;
  useEffect(() => {
    if (!focusAtOnce) return;
    area.current?.focus({ preventScroll: true });
    area.current?.scrollIntoView({ block: "nearest" });
  }, [focusAtOnce]);
  useImperativeHandle(ref, () => ({
    insert: (draftText, draft) => {
      const before = text.content.trimEnd();
      const content =
        before === "" || draftText.startsWith(before) ? draftText : `${before}\n\n${draftText}`;
      change({ ...text, content, draft });
      area.current?.focus();
    },
    setRole: (chosen) => change({ ...text, role: chosen }),
    clear: async () => {
      setText(blankTurn(role));
      saver.change(blankTurn(role));
      await saver.flush();
    },
    focus: () => area.current?.focus(),
  }));

  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData("text").length;
    change({ ...text, pasted_characters: text.pasted_characters + pasted });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && props.onEnter) {
      event.preventDefault();
      props.onEnter();
    }
    if (event.key === "Tab" && suggestion) {
      const word = nextWord(text.content, suggestion.text);
      if (word === null) return;
      event.preventDefault();
      change({ ...text, content: text.content + word, draft: suggestion.id });
    }
  };

  return (
    <div className={classes.editor}>
      {theirs !== null && (
        <ConflictNotice
          onKeepMine={() => saver.keepMine()}
          onTakeTheirs={() => show(saver.takeTheirs() ?? text)}
        />
      )}
      {roles.length > 1 && (
        <SegmentedControl
          size="xs"
          mb="xs"
          aria-label={t("thread.role")}
          value={role}
          onChange={(value) => {
            const chosen = roles.find((known) => known === value);
            if (chosen !== undefined) change({ ...text, role: chosen });
          }}
          data={roles.map((value) => ({ value, label: t(`roles.${value}`) }))}
        />
      )}
      {props.preview ? (
        <div className={classes.preview}>
          <Markdown text={text.content} />
        </div>
      ) : (
        <Textarea
          ref={area}
          aria-label={props.label}
          placeholder={props.placeholder}
          autosize
          minRows={3}
          maxRows={24}
          dir="auto"
          maxLength={maxCharacters}
          value={text.content}
          onChange={(event) => change({ ...text, content: event.currentTarget.value })}
          onPaste={onPaste}
          onKeyDown={onKeyDown}
          classNames={{ input: classes.input }}
        />
      )}
      <div className={classes.foot}>
        <Text size="xs" c="dimmed" className={classes.hint}>
          {suggestion && nextWord(text.content, suggestion.text) !== null && t("thread.tabHint")}
        </Text>
        <Group gap="xs">{props.buttons?.({ ...text, role })}</Group>
      </div>
    </div>
  );
}
