import { Button } from "@mantine/core";
import { useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Assignment, Message, ThreadTurn } from "@/api/types";
import { Turn } from "./Turn";
import { TurnEditor, type TurnEditorHandle } from "./TurnEditor";
import { isBlank, type TurnText } from "./turnText";
import { useOriginNote } from "./useOriginNote";

interface Props {
  assignment: Assignment;
  message: Message;
  editing: boolean;
  busy: boolean;
  maxCharacters?: number;
  onEdit: () => void;
  onCancel: () => void;
  onSave: (turn: ThreadTurn) => Promise<void>;
  /** Takes this turn and all after it away, where that may be done. */
  onCutFrom?: () => void;
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
  const { role, content } = message;

  const save = async (text: TurnText) => {
    const written = editor.current;
    try {
      await props.onSave({ ...text });
      await written?.clear();
    } catch {
      // The page tells why it was refused; the text stays in the editor.
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
            {props.onCutFrom && (
              <Button
                variant="subtle"
                color="gray"
                size="compact-xs"
                disabled={busy}
                onClick={props.onCutFrom}
              >
                {t("thread.cutFrom")}
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
        original={{ role, content, draft: null, pasted_characters: 0 }}
        roles={[role]}
        preview={false}
        maxCharacters={props.maxCharacters}
        label={t("thread.editAs", { role: t(`roles.${role}`) })}
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
              onClick={() => void save(text)}
            >
              {t("common.save")}
            </Button>
          </>
        )}
      />
    </Turn>
  );
}
