import { Group, SegmentedControl, Text, Textarea } from "@mantine/core";
import {
  startTransition,
  useEffect,
  useEffectEvent,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
} from "react";
import { useTranslation } from "react-i18next";

import type { Autosave, Message } from "@/api/types";
import { useAutosave } from "@/hooks/useAutosave";
import type { SaveStatus } from "@/lib/autosaver";
import { matchesChord } from "@/lib/shortcuts";

import { Markdown } from "../markdown/Markdown";
import { ConflictNotice } from "../work/ConflictNotice";
import { LengthMeter } from "./LengthMeter";
import { NO_HISTORY, recorded, redone, undone } from "./textHistory";
import classes from "./TurnEditor.module.css";
import { blankTurn, isBlank, isSaid, parseTurnText, type TurnText } from "./turnText";

export interface TurnEditorHandle {
  /** Puts a draft, or a part of it, in after what is there already. */
  insert: (text: string, draft: number, part: boolean) => void;
  setRole: (role: TurnText["role"]) => void;
  /** The turn is part of the conversation now, or given up: nothing is in progress any more. */
  clear: () => Promise<void>;
  focus: () => void;
  /** The words as they stand, which may be newer than what is rendered. */
  read: () => TurnText;
}

interface Props {
  assignment: number;
  position: number;
  autosaves: readonly Autosave[];
  /** What an edit begins with; a new turn begins blank. Taken up anew where nothing was written yet. */
  original: TurnText;
  /** The thread that a new turn comes after: words that are in it already are not offered again. */
  after?: readonly Message[];
  roles: readonly TurnText["role"][];
  preview: boolean;
  label: string;
  placeholder?: string;
  maxCharacters?: number;
  /** The thread that the turn is for: with it, its tokens are counted. */
  version?: number;
  /** Whether a reply has to fit into the policy's window after this turn. */
  showsWindow?: boolean;
  /** There is nothing left to undo, or redo, in this text. */
  onUndoBeyond?: () => void;
  onRedoBeyond?: () => void;
  /** The draft that Tab takes word by word. */
  suggestion?: { id: number; text: string } | null;
  onChange?: (text: TurnText) => void;
  onStatus?: (status: SaveStatus) => void;
  /** Plain Enter ends the turn, as in a chat; otherwise it begins a line. */
  onEnter?: () => void;
  /** What is done with the finished turn, below the text; a function where it depends on the words. */
  buttons?: ReactNode | ((text: TurnText) => ReactNode);
  /** Quiet tools above the text, beside the choice of the speaker. */
  tools?: ReactNode;
  /** The words are on their way to the server: none are added that would not be sent. */
  sending?: boolean;
  /** Ready to type as the page opens. */
  focusAtOnce?: boolean;
  ref?: Ref<TurnEditorHandle>;
}

const GROWS_BY_ITSELF = "CSS" in window && CSS.supports("field-sizing", "content");
/** From so many characters on, a text fills the editor however wide it is. */
const FILLS_CHARACTERS = 6_000;

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
  const root = useRef<HTMLDivElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const { saver, status, theirs } = useAutosave<TurnText>({
    assignment,
    turn: position,
    autosaves,
    parse: parseTurnText,
    isEmpty: isBlank,
  });
  const [text, setText] = useState<TurnText>(() => {
    const kept = saver.initial;
    return kept === null || isBlank(kept) || isSaid(kept, props.after ?? []) ? original : kept;
  });
  // What stands in the text area at this moment. It holds its own words, and what this component renders
  // may lag behind them: no key waits for React.
  const newest = useRef(text);
  const previewed = useRef<HTMLDivElement>(null);
  const wasPreview = useRef(props.preview);
  useLayoutEffect(() => {
    if (area.current !== null) area.current.value = newest.current.content;
    // By its key the one takes the place of the other, which had the focus; a button keeps it.
    if (wasPreview.current !== props.preview && document.activeElement === document.body) {
      (area.current ?? previewed.current)?.focus();
    }
    wasPreview.current = props.preview;
  }, [props.preview]);
  const fills = text.content.length >= FILLS_CHARACTERS;
  const role = roles.includes(text.role) ? text.role : (roles[0] ?? original.role);

  const history = useRef(NO_HISTORY);
  /** Tells the page in the same breath, so that a key pressed right after finds it up to date. */
  const take = (next: TurnText) => {
    newest.current = next;
    onChange?.({ ...next, role: roles.includes(next.role) ? next.role : role });
  };
  const show = (next: TurnText) => {
    take(next);
    setText(next);
    if (area.current !== null && area.current.value !== next.content) {
      area.current.value = next.content;
    }
  };
  const save = (next: TurnText) => {
    show(next);
    saver.change(next);
  };
  const record = (next: TurnText) => {
    history.current = recorded(history.current, newest.current, next, Date.now());
  };
  const change = (next: TurnText) => {
    record(next);
    save(next);
  };
  /** Undoes, or does again, within this text; past its ends the page goes on with the thread. */
  const step = (move: typeof undone, beyond: (() => void) | undefined) => {
    const moved = move(history.current, newest.current);
    if (moved === null) return beyond?.();
    history.current = moved.history;
    save(moved.text);
  };
  const begin = useEffectEvent(() => {
    if (isBlank(newest.current)) show(original);
  });
  useEffect(() => begin(), [original.content, original.role]);
  const announce = useEffectEvent(() => onChange?.({ ...newest.current, role }));
  useEffect(() => announce(), [role]);
  useEffect(() => onStatus?.(status), [onStatus, status]);
  // Off the page, it has nothing on its way any more.
  useEffect(() => () => onStatus?.("unchanged"), [onStatus]);
  const { focusAtOnce } = props;
  const focus = () => {
    area.current?.focus({ preventScroll: true });
    // With the buttons below it, clear of the bar at the bottom.
    root.current?.scrollIntoView({ block: "nearest" });
  };
  const atOnce = useEffectEvent(focus);
  useEffect(() => {
    if (focusAtOnce) atOnce();
  }, [focusAtOnce]);
  useImperativeHandle(ref, () => ({
    insert: (draftText, draft, part) => {
      const before = newest.current.content.trimEnd();
      const content =
        before === "" || draftText.startsWith(before) ? draftText : `${before}\n\n${draftText}`;
      change({ ...newest.current, content, draft, draft_part: part });
      area.current?.focus();
    },
    setRole: (chosen) => change({ ...newest.current, role: chosen }),
    clear: async () => {
      history.current = NO_HISTORY;
      newest.current = blankTurn(role);
      setText(newest.current);
      if (area.current !== null) area.current.value = "";
      saver.change(newest.current);
      await saver.flush();
    },
    focus,
    read: () => newest.current,
  }));

  // The length alone: what the clipboard holds is nobody's business.
  const pastedNow = useRef(0);
  const onPaste = (event: ClipboardEvent) => {
    pastedNow.current = event.clipboardData.getData("text").length;
  };
  const type = (content: string) => {
    const { pasted_characters: pasted } = newest.current;
    const next = {
      ...newest.current,
      content,
      pasted_characters: Math.min(pasted + pastedNow.current, content.length),
    };
    pastedNow.current = 0;
    record(next);
    take(next);
    saver.change(next);
    startTransition(() => setText(next));
  };
  /** Tab takes a word of the draft, but leaves the text right after Escape. */
  const passesTab = useRef(false);
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (props.sending) return;
    if (matchesChord(event.nativeEvent, "mod+z")) {
      event.preventDefault();
      step(undone, props.onUndoBeyond);
      return;
    }
    if (matchesChord(event.nativeEvent, "mod+shift+z")) {
      event.preventDefault();
      step(redone, props.onRedoBeyond);
      return;
    }
    const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!plain || event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && props.onEnter) {
      event.preventDefault();
      props.onEnter();
    }
    if (event.key === "Escape") passesTab.current = true;
    else if (event.key !== "Tab") passesTab.current = false;
    if (event.key === "Tab" && suggestion && !passesTab.current) {
      const { content } = newest.current;
      const word = nextWord(content, suggestion.text);
      if (word === null) return;
      event.preventDefault();
      change({
        ...newest.current,
        content: content + word,
        draft: suggestion.id,
        draft_part: true,
      });
    }
  };

  return (
    <div ref={root} className={classes.editor}>
      {theirs !== null && (
        <ConflictNotice
          onKeepMine={() => saver.keepMine()}
          onTakeTheirs={() => show(saver.takeTheirs() ?? newest.current)}
        />
      )}
      {(roles.length > 1 || props.tools !== undefined) && (
        <div className={classes.head}>
          {roles.length > 1 ? (
            <SegmentedControl
              size="xs"
              aria-label={t("thread.role")}
              value={role}
              onChange={(value) => {
                const chosen = roles.find((known) => known === value);
                if (chosen !== undefined) change({ ...newest.current, role: chosen });
              }}
              data={roles.map((value) => ({ value, label: t(`roles.${value}`) }))}
            />
          ) : (
            <span className={classes.role} data-role={role}>
              {t(`roles.${role}`)}
            </span>
          )}
          <Group gap={4} className={classes.tools}>
            {props.tools}
          </Group>
        </div>
      )}
      {props.preview ? (
        <div ref={previewed} className={classes.preview} tabIndex={-1}>
          <Markdown text={text.content} />
        </div>
      ) : (
        <Textarea
          ref={area}
          aria-label={props.label}
          placeholder={props.placeholder}
          // Grown by the browser itself where it can, and not at all once nothing is to grow: measuring
          // 50,000 characters at each key is slow.
          autosize={!GROWS_BY_ITSELF && !fills}
          data-fills={fills || undefined}
          minRows={GROWS_BY_ITSELF ? undefined : 3}
          maxRows={GROWS_BY_ITSELF ? undefined : 24}
          dir="auto"
          readOnly={props.sending}
          maxLength={maxCharacters}
          onChange={(event) => type(event.currentTarget.value)}
          onPaste={onPaste}
          onKeyDown={onKeyDown}
          classNames={{ input: classes.input }}
        />
      )}
      <div className={classes.foot}>
        <span className={classes.notes}>
          {props.version !== undefined && (
            <LengthMeter
              assignment={assignment}
              version={props.version}
              role={role}
              content={text.content}
              showsWindow={props.showsWindow}
            />
          )}
          {suggestion && nextWord(text.content, suggestion.text) !== null && (
            <Text size="xs" c="dimmed" component="span" className={classes.hint}>
              {t("thread.tabHint")}
            </Text>
          )}
        </span>
        <Group gap="xs" wrap="nowrap" className={classes.buttons}>
          {typeof props.buttons === "function" ? props.buttons({ ...text, role }) : props.buttons}
        </Group>
      </div>
    </div>
  );
}
