import { Button } from "@mantine/core";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Message, ThreadTurn } from "@/api/types";
import type { SaveStatus } from "@/lib/autosaver";

import { Turn } from "./Turn";
import { TurnEditor, type TurnEditorHandle } from "./TurnEditor";
import { blankTurn, isBlank } from "./turnText";
import { useOriginNote } from "./useOriginNote";

interface Props {
  assignment: Assignment;
  message: Message;
  editing: boolean;
  busy: boolean;
  maxCharacters?: number;
  onEdit: () => void;
  onCancel: () => void;
  onStatus?: (status: SaveStatus) => void;
  onSave: (turn: ThreadTurn) => Promise<void>;
  /** Puts a question and an answer in before this turn, where that may be done. */
  onInsertBefore?: () => void;
  /** Takes this turn away, with the next one where the sides would no longer alternate. */
  onDelete?: () => void;
  deletesTwo?: boolean;
  /** The thread, by whose policy the words are counted. */
  version?: number;
  /** What saving is called here. */
  saveLabel?: string;
  /** Further buttons for this turn. */
  tools?: ReactNode;
  /** Below the text. */
  children?: ReactNode;
}

/** A turn of the thread that can be rewritten or cut. */
export function EditableTurn(props: Props) {
  const { assignment, message, editing, busy } = props;
  const { t } = useTranslation();
  const originNote = useOriginNote();
  const editor = useRef<TurnEditorHandle>(null);
  const [sending, setSending] = useState(false);
  const { role, content } = message;

  const save = async () => {
    const written = editor.current;
    if (written === null) return;
    setSending(true);
    try {
      await props.onSave({ ...written.read(), edits: message.id });
      await written.clear();
    } catch {
      // The page tells why it was refused; the text stays in the editor.
    } finally {
      setSending(false);
    }
  };
  if (!editing) {
    return (
      <Turn
        role={role}
        content={content}
        note={originNote(message)}
        tools={
          <>
            <Button variant="subtle" color="gray" size="compact-xs" onClick={props.onEdit}>
              {t("thread.edit")}
            </Button>
            {props.onInsertBefore && (
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                disabled={busy}
                onClick={props.onInsertBefore}
              >
                {t("thread.insertBefore")}
              </Button>
            )}
            {props.onDelete && (
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                disabled={busy}
                onClick={props.onDelete}
              >
                {props.deletesTwo ? t("thread.deleteTwo") : t("thread.delete")}
              </Button>
            )}
            {props.tools}
          </>
        }
      >
        {props.children}
      </Turn>
    );
  }
  return (
    <Turn role={role} content="" note={t("thread.editing")}>
      <TurnEditor
        ref={editor}
        assignment={assignment.id}
        position={message.position}
        autosaves={assignment.autosaves}
        original={{ ...blankTurn(role), content }}
        version={props.version}
        roles={[role]}
        preview={false}
        sending={sending}
        maxCharacters={props.maxCharacters}
        label={t("thread.editAs", { role: t(`roles.${role}`) })}
        focusAtOnce
        onStatus={props.onStatus}
        buttons={(text) => (
          <>
            <Button
              variant="subtle"
              color="gray"
              onClick={() => {
                void editor.current?.clear();
                props.onCancel();
              }}
            >
              {t("common.cancel")}
            </Button>
            <Button
              disabled={isBlank(text) || text.content === content}
              loading={busy}
              onClick={() => void save()}
            >
              {props.saveLabel ?? t("common.save")}
            </Button>
          </>
        )}
      />
    </Turn>
  );
}
